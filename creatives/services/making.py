"""Calls to the providers: one retry on rules that were broken, then the next provider.

Nothing here opens a transaction; `deadline` is a reading of `time.monotonic`.
"""

import time
from collections.abc import Callable, Sequence

import structlog

from creatives.domain.copywriting import Copy, CopyBrief, InvalidCopyError, read_copy
from creatives.providers.base import ImageProvider, PictureBrief, ProviderError, TextProvider
from creatives.services.assets import InvalidImageError, fitted

log = structlog.get_logger(__name__)
TRIES = 2
_CODES = {
    "unavailable": "provider_unavailable",
    "refused": "provider_refused",
    "unreadable": "invalid_output",
    "nothing_to_say": "nothing_to_say",
}


class MakingError(Exception):
    """No provider made it; `code` is one of `presenters.FAILURES`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def write_copy(
    providers: Sequence[TextProvider], brief: CopyBrief, *, deadline: float
) -> tuple[TextProvider, list[Copy]]:
    """Variations that keep every rule, and who wrote them. Raises MakingError."""
    code = "provider_unavailable"
    for provider in providers:
        complaints: tuple[str, ...] = ()
        for _ in range(TRIES):
            if time.monotonic() > deadline:
                raise MakingError(code)
            try:
                return provider, read_copy(_answer(provider, brief, complaints), brief)
            except InvalidCopyError as error:
                code, complaints = "invalid_output", error.problems
            except ProviderError as error:
                code = _CODES[error.reason]
                if error.reason != "unreadable":
                    break
            log.warning("copy_refused", provider=provider.name, code=code)
    raise MakingError(code)


def _answer(provider: TextProvider, brief: CopyBrief, complaints: Sequence[str]) -> object:
    return _guarded(provider.name, lambda: provider.write(brief, complaints))


def _guarded[R](name: str, call: Callable[[], R]) -> R:
    """What the call returns; whatever an SDK trips over in an answer is a ProviderError."""
    try:
        return call()
    except ProviderError as error:
        log.warning("provider_failed", provider=name, reason=error.reason)
        raise
    except Exception as error:
        log.exception("provider_unexpected", provider=name)
        raise ProviderError("unreadable") from error


def draw_pictures(
    providers: Sequence[ImageProvider], briefs: Sequence[PictureBrief], *, deadline: float
) -> tuple[ImageProvider, list[bytes]]:
    """One image of the exact size per brief, all by the same provider, and who drew them.

    Raises MakingError.
    """
    code = "provider_unavailable"
    for provider in providers:
        try:
            return provider, [_picture(provider, brief, deadline) for brief in briefs]
        except InvalidImageError:
            code = "invalid_output"
        except ProviderError as error:
            code = _CODES[error.reason]
        log.warning("pictures_refused", provider=provider.name, code=code)
    raise MakingError(code)


def _picture(provider: ImageProvider, brief: PictureBrief, deadline: float) -> bytes:
    if time.monotonic() > deadline:
        raise ProviderError("unavailable")
    return fitted(_guarded(provider.name, lambda: provider.draw(brief)), brief.size)
