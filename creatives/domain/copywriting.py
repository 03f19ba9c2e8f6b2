"""What copy is asked for, and whether what came back may be shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic

from creatives.domain.limits import Lengths
from creatives.domain.outside import is_plain_text, visible_line

MOST_PROBLEMS = 20
_OutText = Annotated[str, pydantic.Field(max_length=2000), pydantic.AfterValidator(visible_line)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyBrief:
    """One request for texts. All words are plain (`outside.plain_text`) and capped."""

    description: str
    audience: str
    tone: str
    language: str
    platform: str
    placement: str
    types: tuple[str, ...]
    count: int
    lengths: Lengths
    banned: tuple[str, ...] = ()
    voice: str = ""


class Copy(pydantic.BaseModel):
    """One variation; a text that was not asked for is empty."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True)

    headline: _OutText = ""
    primary_text: _OutText = ""
    description: _OutText = ""


class CopyAnswer(pydantic.BaseModel):
    """What every provider answers with, a model's words among them: data, never an instruction."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    variations: Annotated[list[Copy], pydantic.Field(max_length=50)]


class InvalidCopyError(ValueError):
    """The answer breaks rules; `problems` says which, in words a model can act on."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems[:MOST_PROBLEMS])
        super().__init__("; ".join(self.problems))


def read_copy(answer: Any, brief: CopyBrief) -> list[Copy]:
    """The variations of a decoded answer; raises InvalidCopyError with every broken rule."""
    try:
        found = CopyAnswer.model_validate(answer).variations
    except pydantic.ValidationError as error:
        raise InvalidCopyError(
            [
                f"{'.'.join(str(part) for part in item['loc'])[:80]}: {item['type']}"
                for item in error.errors(include_url=False, include_input=False)
            ]
        ) from error
    except (RecursionError, UnicodeError) as error:
        raise InvalidCopyError(["the answer cannot be read"]) from error
    problems = [
        f"variations.{place}.{text_type}: {problem}"
        for place, one in enumerate(found)
        for text_type in ("headline", "primary_text", "description")
        for problem in _problems(getattr(one, text_type), text_type, brief)
    ]
    if len(found) != brief.count:
        problems.insert(0, f"variations: {brief.count} are asked for, {len(found)} came")
    if len(set(found)) < len(found):
        problems.append("variations: two are the same")
    if problems:
        raise InvalidCopyError(problems)
    return found


def _problems(text: str, text_type: str, brief: CopyBrief) -> list[str]:
    if text_type not in brief.types:
        return ["not asked for, leave it empty"] if text else []
    if not text.strip():
        return ["is empty"]
    found = []
    most = brief.lengths.of(text_type)
    if len(text) > most:
        found.append(f"has {len(text)} characters, at most {most} are allowed")
    if not is_plain_text(text):
        found.append("must be plain text on one line without markup, addresses or odd characters")
    found += [f"uses the banned word {word!r}" for word in banned_in(text, brief.banned)]
    return found


def banned_in(text: str, banned: Sequence[str]) -> list[str]:
    """The banned words and phrases that occur in a text as whole words, in any case."""
    return [word for word in banned if _banned(word).search(text)]


def without_banned(text: str, banned: Sequence[str]) -> str:
    """The text with banned words taken out."""
    for word in banned:
        text = _banned(word).sub(" ", text)
    return " ".join(text.split())


def _banned(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
