"""Values that several commands carry."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from campaigns.domain import places, words
from core.text import is_plain


def plain(text: str) -> str:
    """The text without blanks around it; raises for characters that a reader would not see."""
    if not is_plain(text):
        raise PydanticCustomError(
            "text_control", _("Control and invisible characters are not allowed.")
        )
    return text.strip()


def _named(text: str) -> str:
    found = plain(text)
    if not found or not is_plain(found, lines=False):
        raise PydanticCustomError("text_empty", _("A name of one line is needed."))
    return found


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        good = False
    if not good or re.search(r"\s", text) or not is_plain(text):
        raise PydanticCustomError("url", _("A full http or https address is needed."))
    return text


def _one_of(allowed: tuple[str, ...]) -> tuple[Any, ...]:
    """Metadata of a text that must be one of `allowed`, which the JSON schema lists."""

    def check(text: str) -> str:
        if text not in allowed:
            names = ", ".join(allowed)
            raise PydanticCustomError("enum", _("Must be one of: {names}."), {"names": names})
        return text

    return AfterValidator(check), Field(json_schema_extra={"enum": list(allowed)})


Name = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_named)]
Text = Annotated[str, Field(max_length=5000), AfterValidator(plain)]
Line = Annotated[str, Field(max_length=255), AfterValidator(plain)]


def _web_address_or_none(text: str) -> str:
    return _web_address(text) if text else ""


OptionalWebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address_or_none)]
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]
Objective = Annotated[str, *_one_of(words.OBJECTIVES)]
BudgetType = Annotated[str, *_one_of(words.BUDGET_TYPES)]
Publisher = Annotated[str, *_one_of(words.PUBLISHER_PLATFORMS)]
Publishers = Annotated[tuple[Publisher, ...], Field(min_length=1, max_length=2)]
CallToAction = Annotated[str, *_one_of(words.CALLS_TO_ACTION)]
Micros = Annotated[int, Field(ge=1, le=2**53 - 1)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
PublicId = Annotated[str, Field(min_length=3, max_length=64, pattern=r"^[a-z0-9_-]+$")]


class Value(BaseModel):
    """A frozen, strict part of a command."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _country(text: str) -> str:
    code = places.country_code(text)
    if code is None:
        raise PydanticCustomError("country", _("No country has that name or ISO code."))
    return code


class Location(Value):
    """A country, by ISO code or name; stored as its code."""

    type: Literal["country"] = "country"
    value: Annotated[str, AfterValidator(_country)]


class Targeting(Value):
    """Whom an ad set reaches."""

    age_min: Annotated[int, Field(ge=13, le=65)] = 18
    age_max: Annotated[int, Field(ge=13, le=65)] = 65
    locations: Annotated[tuple[Location, ...], Field(min_length=1, max_length=250)]
    interests: Annotated[tuple[Name, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _ages_in_order(self) -> "Targeting":
        if self.age_min > self.age_max:
            raise PydanticCustomError("age_range", _("age_min must not exceed age_max."))
        return self


class CreativeContent(Value):
    """What an ad says and where it leads."""

    headline: Line = ""
    primary_text: Text = ""
    description: Line = ""
    image_url: OptionalWebAddress = ""
    image_digest: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""  # of what it showed
    call_to_action: CallToAction = "learn_more"
    link_url: WebAddress


class Optimization(Value):
    """What the optimizer may do for a campaign, and how often it looks."""

    enabled: bool = False
    strategy: Annotated[str, *_one_of(words.STRATEGIES)] = "maximize_conversions"
    frequency: Annotated[str, *_one_of(words.FREQUENCIES)] = "daily"
