"""Text and images through OpenAI's SDK (extra `openai`); xAI speaks the same protocol."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from core.http import operator_client
from creatives.domain.copywriting import CopyBrief
from creatives.providers.base import (
    CALL_TIMEOUT_S,
    DRAW_TIMEOUT_S,
    PictureBrief,
    ProviderError,
    decoded,
)
from creatives.providers.prompts import SYSTEM, answer_schema, picture, task

try:
    import openai
except ImportError:  # the extra is not installed
    INSTALLED = False
else:
    INSTALLED = True


@contextmanager
def _client(*, base_url: str, api_key: str, timeout_s: float) -> Iterator[Any]:
    """The SDK's client on our own connection; its errors become ProviderError."""
    with operator_client(base_url, timeout_s=timeout_s) as http:
        try:
            yield openai.OpenAI(api_key=api_key, base_url=base_url, http_client=http, max_retries=0)
        except openai.APIStatusError as error:
            reason = "refused" if error.status_code < 429 else "unavailable"
            raise ProviderError(reason) from error
        except (openai.OpenAIError, ValueError) as error:
            raise ProviderError("unavailable") from error


class ChatText:
    """Copy by a chat model with an answer's schema."""

    def __init__(self, name: str, *, base_url: str, api_key: str, model: str) -> None:
        self.name, self.model = name, model
        self._base_url, self._api_key = base_url, api_key

    def write(self, brief: CopyBrief, complaints: Sequence[str]) -> Any:
        """What the model wrote, decoded."""
        schema = {"name": "answer", "strict": True, "schema": answer_schema(brief)}
        with _client(
            base_url=self._base_url, api_key=self._api_key, timeout_s=CALL_TIMEOUT_S
        ) as client:
            answer = client.chat.completions.create(
                model=self.model,
                messages=[
                    {"role": "system", "content": SYSTEM},
                    {"role": "user", "content": task(brief, complaints)},
                ],
                response_format={"type": "json_schema", "json_schema": schema},
            )
        if not answer.choices:
            raise ProviderError("unreadable")
        return decoded(answer.choices[0].message.content)


def openai_text() -> ChatText:
    """OpenAI with the operator's key."""
    return ChatText(
        "openai",
        base_url=settings.OPENAI_URL,
        api_key=settings.OPENAI_API_KEY,
        model=settings.OPENAI_TEXT_MODEL,
    )


def xai_text() -> ChatText:
    """Grok by xAI with the operator's key."""
    return ChatText(
        "xai",
        base_url=settings.XAI_URL,
        api_key=settings.XAI_API_KEY,
        model=settings.XAI_MODEL,
    )


class OpenAIImages:
    """Images by OpenAI, in the shape nearest to the one that is wanted."""

    name = "openai"

    def __init__(self) -> None:
        self.model: str = settings.OPENAI_IMAGE_MODEL

    def draw(self, brief: PictureBrief) -> bytes:
        """The image that came inline; one that is only named by an address is not fetched."""
        width, height = brief.size
        size = "1024x1024" if width == height else "1024x1536" if width < height else "1536x1024"
        with _client(
            base_url=settings.OPENAI_URL,
            api_key=settings.OPENAI_API_KEY,
            timeout_s=DRAW_TIMEOUT_S,
        ) as client:
            answer = client.images.generate(model=self.model, prompt=picture(brief), n=1, size=size)
        encoded = answer.data[0].b64_json if answer.data else None
        try:
            return base64.b64decode(encoded or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ProviderError("unreadable") from error
