"""The OpenAPI 3.1 document of the Agent API, composed of what the rooms declare and of what the
views themselves say: scope, idempotency, who is let in.
"""

from config.openapi.document import document

__all__ = ["document"]
