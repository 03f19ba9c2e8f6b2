"""Request bodies: the guide's flat and nested shapes become one set of command fields.

`parsed` returns the fields a command takes and, for each, the key the caller sent, so that every
refusal names that key.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pydantic
from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from campaigns.api import meanings
from campaigns.commands.values import plain
from campaigns.domain import words
from campaigns.domain.words import fold, objective_of
from core.errors import InvalidError
from core.money import from_decimal, parse_currency
from core.shapes import Words


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic turns it into a 422
    return value


def _day(value: object) -> object:
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("a date as YYYY-MM-DD is needed")
    return value


def _shown(**rules: Any) -> Any:
    """Rules that the commands judge, as the document tells them."""
    return pydantic.Field(json_schema_extra=rules)


def _needing(*names: str) -> Any:
    """What the command of a new object needs, as the document tells it."""

    def add(schema: dict[str, Any]) -> None:
        schema["required"] = [*schema.get("required", ()), *names]
        for name in names:
            shown = schema["properties"][name]
            (only,) = (one for one in shown.pop("anyOf") if one != {"type": "null"})
            shown.pop("default")
            shown |= only

    return add


Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "description": "Main units of the currency."}),
]
Title = Annotated[StrictStr, _shown(minLength=1, maxLength=400)]
Text = Annotated[StrictStr, _shown(maxLength=5000)]
Line = Annotated[StrictStr, _shown(maxLength=255)]
Address = Annotated[StrictStr, _shown(maxLength=2000, format="uri")]
CurrencyCode = Annotated[StrictStr, _shown(pattern="^[A-Z]{3}$")]
Id = Annotated[StrictStr, _shown(maxLength=64)]
ExternalId = Annotated[StrictStr, _shown(maxLength=64, pattern="^[A-Za-z0-9_]*$")]
Publisher = Annotated[StrictStr, Words({**meanings.PUBLISHER, "meta": "both of them"})]
Age = Annotated[StrictInt, _shown(minimum=13, maximum=65)]
Day = Annotated[date, BeforeValidator(_day)]


class Body(pydantic.BaseModel):
    """Unknown keys are refused; absent and null mean the same."""

    model_config = ConfigDict(extra="forbid")


class Budget(Body):
    type: Annotated[StrictStr, Words(meanings.BUDGET_TYPE)] | None = None
    amount: Amount | None = None
    currency: CurrencyCode | None = None


class Schedule(Body):
    start_date: Day | None = None
    end_date: Day | None = None


class OptimizationBody(Body):
    enabled: StrictBool = False
    strategy: Annotated[StrictStr, Words(meanings.STRATEGY)] = "maximize_conversions"
    frequency: Annotated[StrictStr, Words(meanings.FREQUENCY)] = "daily"


class Proposal(Body):
    """What every write may carry beside its own fields."""

    rationale: Annotated[StrictStr, pydantic.Field(max_length=4000), AfterValidator(plain)] = ""
    group_id: Annotated[StrictStr, pydantic.Field(max_length=64), AfterValidator(plain)] = ""
    supersedes: Annotated[StrictStr, pydantic.Field(max_length=64), AfterValidator(plain)] = ""

    def control(self) -> dict[str, str]:
        """The command fields of the same name."""
        return {"group_id": self.group_id, "supersedes": self.supersedes}


class CampaignBody(Proposal):
    """POST and PATCH of a campaign, flat or nested; words in any case."""

    business_id: Id | None = None
    name: Title | None = None
    objective: Annotated[StrictStr, Words(meanings.OBJECTIVE)] | None = None
    platforms: (
        Annotated[list[Publisher], pydantic.Field(max_length=3), _shown(minItems=1)] | None
    ) = None
    daily_budget: Amount | None = None
    budget: Budget | None = None
    schedule: Schedule | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    optimization: OptimizationBody | None = None
    product_description: Text | None = None
    message: Text | None = None
    target_url: Address | None = None
    audience_description: Text | None = None
    target_location: Line | None = None


class NewCampaignBody(CampaignBody):
    """A new campaign, flat or nested; words in any case."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_needing("name", "objective"))


class LaunchBody(Proposal):
    ad_account_id: Annotated[Id, _shown(pattern="^([a-z0-9_-]{3,64})?$")] = ""
    page_id: ExternalId = ""
    pixel_id: ExternalId = ""


class LocationBody(Body):
    type: Annotated[StrictStr, Words(meanings.LOCATION_TYPE)] = "country"
    value: Annotated[StrictStr, _shown(minLength=2, examples=["US", "Germany"])]


class TargetingBody(Body):
    age_min: Age = 18
    age_max: Age = 65
    locations: Annotated[list[LocationBody], _shown(minItems=1, maxItems=250)]
    interests: Annotated[list[Title], _shown(maxItems=200)] = []


class AdSetBody(Proposal):
    name: Title | None = None
    targeting: TargetingBody | None = None


class NewAdSetBody(AdSetBody):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_needing("name", "targeting"))


class CreativeBody(Body):
    headline: Line = ""
    primary_text: Text = ""
    description: Line = ""
    image_url: Annotated[StrictStr, _shown(maxLength=2000)] | None = None
    call_to_action: Annotated[StrictStr, Words(meanings.CALL_TO_ACTION)] = "learn_more"
    link_url: Address


class AdBody(Proposal):
    name: Title | None = None
    creative: CreativeBody | None = None
    generation_id: Annotated[Id, _shown(pattern="^[A-Za-z0-9_-]*$")] | None = None


class NewAdBody(AdBody):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_needing("name", "creative"))


class CommentBody(Body):
    comment: Annotated[StrictStr, pydantic.Field(max_length=2000), AfterValidator(plain)] = ""


@dataclass
class Parsed:
    """Fields of a command, and the caller's key of each that has another name there."""

    fields: dict[str, Any] = field(default_factory=dict)
    sent_as: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Any, sent_as: str) -> None:
        """Take a field over; raises InvalidError where another key has said otherwise."""
        if value is None:
            return
        if name in self.fields and self.fields[name] != value:
            raise InvalidError(
                _("%(one)s and %(other)s contradict each other.")
                % {"one": self.sent_as[name], "other": sent_as},
                field=sent_as,
                code="contradictory_fields",
                details={"other_field": self.sent_as[name]},
            )
        self.fields[name] = value
        self.sent_as.setdefault(name, sent_as)


def campaign_fields(body: CampaignBody, *, currency: str) -> Parsed:
    """Command fields of a campaign body; amounts are priced in `currency` unless it names one."""
    parsed = Parsed()
    for name in (
        "name",
        "product_description",
        "message",
        "target_url",
        "audience_description",
        "target_location",
    ):
        parsed.put(name, getattr(body, name), name)
    parsed.put("objective", _objective(body.objective), "objective")
    parsed.put("platforms", _platforms(body.platforms), "platforms")
    if body.optimization is not None:
        parsed.put("optimization", _optimization(body.optimization), "optimization")
    _put_budget(parsed, body, currency)
    schedule = body.schedule or Schedule()
    for name in ("start_date", "end_date"):
        parsed.put(name, getattr(schedule, name), f"schedule.{name}")
        parsed.put(name, getattr(body, name), name)
    return parsed


def _put_budget(parsed: Parsed, body: CampaignBody, currency: str) -> None:
    nested = body.budget or Budget()
    if nested.currency is not None:
        currency = parse_currency(nested.currency, field="budget.currency")
        parsed.put("currency", currency, "budget.currency")
    if nested.type is not None:
        parsed.put("budget_type", nested.type.strip().lower(), "budget.type")
    if nested.amount is not None:
        money = from_decimal(nested.amount, currency, field="budget.amount")
        parsed.put("budget_micros", _positive(money.micros, "budget.amount"), "budget.amount")
    if body.daily_budget is not None:
        money = from_decimal(body.daily_budget, currency, field="daily_budget")
        parsed.put("budget_type", "daily", "daily_budget")
        parsed.put("budget_micros", _positive(money.micros, "daily_budget"), "daily_budget")


def _positive(micros: int, name: str) -> int:
    if micros < 0:
        raise InvalidError(_("An amount is not negative."), field=name)
    return max(micros, 1)


def _objective(text: str | None) -> str | None:
    if text is None:
        return None
    found = objective_of(text)
    if found is None:
        raise InvalidError(
            _("objective must be one of: %(names)s.") % {"names": ", ".join(words.OBJECTIVES)},
            field="objective",
        )
    return found


def _platforms(names: list[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    folded = dict.fromkeys(name.strip().lower() for name in names)
    if "meta" in folded:
        return words.PUBLISHER_PLATFORMS
    return tuple(name for name in words.PUBLISHER_PLATFORMS if name in folded) + tuple(
        name for name in folded if name not in words.PUBLISHER_PLATFORMS
    )


def _optimization(body: OptimizationBody) -> dict[str, Any]:
    return {
        "enabled": body.enabled,
        "strategy": fold(body.strategy).lower(),
        "frequency": fold(body.frequency).lower(),
    }


def targeting_fields(body: TargetingBody) -> dict[str, Any]:
    """A command's targeting; types and countries in any case."""
    return {
        "age_min": body.age_min,
        "age_max": body.age_max,
        "locations": [
            {"type": place.type.strip().lower(), "value": place.value} for place in body.locations
        ],
        "interests": list(body.interests),
    }


def creative_fields(body: CreativeBody, image_digest: str) -> dict[str, Any]:
    """A command's creative with the image that was fetched for it; the call to action in any
    case.
    """
    return {
        **body.model_dump(exclude={"image_url", "call_to_action"}),
        "image_url": body.image_url or "",
        "image_digest": image_digest,
        "call_to_action": fold(body.call_to_action).lower(),
    }
