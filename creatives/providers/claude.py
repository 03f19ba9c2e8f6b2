"""Text by Claude through Anthropic's SDK (extra `anthropic`)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from core.http import operator_client
from creatives.domain.copywriting import CopyBrief
from creatives.providers.base import CALL_TIMEOUT_S, ProviderError
from creatives.providers.prompts import SYSTEM, answer_schema, task

try:
    import anthropic
except ImportError:  # the extra is not installed
    INSTALLED = False
else:
    INSTALLED = True

_TOOL = "answer"


class AnthropicText:
    """Claude, made to answer through one tool whose input is the answer's schema."""

    name = "anthropic"

    def __init__(self) -> None:
        self.model: str = settings.ANTHROPIC_MODEL

    def write(self, brief: CopyBrief, complaints: Sequence[str]) -> Any:
        """The input that the model gave the tool."""
        with operator_client(settings.ANTHROPIC_URL, timeout_s=CALL_TIMEOUT_S) as http:
            client = anthropic.Anthropic(
                api_key=settings.ANTHROPIC_API_KEY,
                base_url=settings.ANTHROPIC_URL,
                http_client=http,
                max_retries=0,
            )
            try:
                message = client.messages.create(
                    model=self.model,
                    max_tokens=4096,
                    system=SYSTEM,
                    messages=[{"role": "user", "content": task(brief, complaints)}],
                    tools=[
                        {
                            "name": _TOOL,
                            "description": "Hand over the variations.",
                            "input_schema": answer_schema(brief),
                        }
                    ],
                    tool_choice={"type": "tool", "name": _TOOL},
                )
            except anthropic.APIStatusError as error:
                reason = "refused" if error.status_code < 429 else "unavailable"
                raise ProviderError(reason) from error
            except (anthropic.AnthropicError, ValueError) as error:
                raise ProviderError("unavailable") from error
        for block in message.content or ():
            if block.type == "tool_use":
                return block.input
        raise ProviderError("unreadable")
