"""The gate: the one way in for everything that changes an ad account."""

from campaigns.gateway.intake import submit
from campaigns.gateway.outcome import APPLIED, DENIED, DISPATCHING, PENDING, Outcome

__all__ = ["APPLIED", "DENIED", "DISPATCHING", "PENDING", "Outcome", "submit"]
