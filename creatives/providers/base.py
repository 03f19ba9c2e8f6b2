"""What every provider is, and how one fails. No provider touches the database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from creatives.domain.copywriting import CopyBrief

MOST_ANSWER = 64 * 1024
CALL_TIMEOUT_S = 20.0
DRAW_TIMEOUT_S = 90.0


class ProviderError(Exception):
    """The provider gave no answer that can be used. `reason` is one word for logs and callers:
    unavailable, refused, unreadable, nothing_to_say.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """How a business looks: colours as `#rrggbb`, the logo's bytes; all may be empty."""

    colors: tuple[str, ...] = ()
    logo: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBrief:
    """One image: `prompt` is plain and capped, `text` is what the local provider sets in it,
    `number` counts the images of one request from 0.
    """

    prompt: str
    text: str
    style: str
    size: tuple[int, int]
    number: int
    brand: Brand


class TextProvider(Protocol):
    """Writes copy. `write` answers decoded JSON that nobody has checked yet."""

    name: str
    model: str

    def write(self, brief: CopyBrief, complaints: Sequence[str]) -> Any:
        """One answer; `complaints` are what was wrong with the one before. Raises ProviderError."""


class ImageProvider(Protocol):
    """Draws images. `draw` answers bytes that nobody has checked yet."""

    name: str
    model: str

    def draw(self, brief: PictureBrief) -> bytes:
        """One image of any size. Raises ProviderError."""


def decoded(text: str | None) -> Any:
    """JSON that a model wrote; anything else, NaN and floods among it, raises ProviderError."""
    if not text or len(text) > MOST_ANSWER:
        raise ProviderError("unreadable")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProviderError("unreadable") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
