"""Bodies of /optimization/rules, and the checked rule that comes of one."""

from decimal import Decimal
from typing import Annotated, Any, Literal

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

from analytics.optimizer import meanings
from analytics.optimizer.domain.actions import (
    BUDGET_ACTIONS,
    DEFAULT_PERCENT,
    PERCENT_RANGE,
    Action,
)
from analytics.optimizer.domain.conditions import (
    HOURS_A_DAY,
    LONGEST_HOURS,
    MILLION,
    MINIMUMS,
    Condition,
    Metric,
    Operator,
)
from analytics.optimizer.models import Rule
from analytics.optimizer.presenters import rule_json
from analytics.optimizer.services.rules import RuleFields
from campaigns.commands.values import plain
from core.errors import InvalidError
from core.money import from_decimal
from core.shapes import Words

HIGHEST = 1_000_000_000
COUNT = Annotated[StrictInt, pydantic.Field(ge=0, le=HIGHEST)]
Hours = Annotated[
    StrictInt,
    pydantic.Field(
        ge=HOURS_A_DAY,
        le=LONGEST_HOURS,
        multiple_of=HOURS_A_DAY,
        description="Whole days, since delivery is known per day: 24, 48, … up to 720.",
    ),
]


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic turns it into a 422
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a whole number is needed")  # noqa: TRY004 - pydantic turns it into a 422
    return value


def _word(value: object) -> object:
    return value.strip().lower().replace("-", "_") if isinstance(value, str) else value


MetricWord = Annotated[Metric, BeforeValidator(_word), Words(meanings.METRIC)]
OperatorWord = Annotated[Operator, BeforeValidator(_word), Words(meanings.OPERATOR)]
ActionWord = Annotated[Action, BeforeValidator(_word), Words(meanings.ACTION)]
Certainty = Annotated[
    Literal[0, 80, 90, 95],
    BeforeValidator(_whole),
    pydantic.Field(description="Percent of the interval that must lie beyond the value; 0: any."),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    pydantic.Field(ge=0, le=HIGHEST),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": HIGHEST}),
]
Value = Annotated[
    Amount,
    pydantic.Field(decimal_places=6),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": 0,
            "maximum": HIGHEST,
            "description": "At most six decimals.",
        }
    ),
]
Name = Annotated[StrictStr, pydantic.Field(min_length=1, max_length=120), AfterValidator(plain)]


class Body(pydantic.BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConditionBody(Body):
    """When the rule acts: `metric operator value` over the last whole days."""

    metric: MetricWord
    operator: OperatorWord
    value: Value
    timeframe_hours: Hours
    certainty: Certainty = 90
    minimum_impressions: COUNT | None = None
    minimum_clicks: COUNT | None = None


class ActionBody(Body):
    """What the rule does. `percent` and `limit` are of the budget actions alone."""

    type: ActionWord
    percent: (
        Annotated[StrictInt, pydantic.Field(ge=PERCENT_RANGE[0], le=PERCENT_RANGE[1])] | None
    ) = None
    limit: Amount | None = None


class RuleBody(Body):
    """A new rule, for one campaign or, without one, for every campaign of a business."""

    name: Name
    condition: ConditionBody
    action: ActionBody
    campaign_id: Annotated[StrictStr, pydantic.Field(max_length=64)] = ""
    business_id: Annotated[StrictStr, pydantic.Field(max_length=64)] = ""
    cooldown_hours: Hours | None = None
    active: StrictBool = True


class ConditionChange(Body):
    metric: MetricWord | None = None
    operator: OperatorWord | None = None
    value: Value | None = None
    timeframe_hours: Hours | None = None
    certainty: Certainty | None = None
    minimum_impressions: COUNT | None = None
    minimum_clicks: COUNT | None = None


class ActionChange(Body):
    type: ActionWord | None = None
    percent: (
        Annotated[StrictInt, pydantic.Field(ge=PERCENT_RANGE[0], le=PERCENT_RANGE[1])] | None
    ) = None
    limit: Amount | None = None


class RuleChange(Body):
    """Any part of a rule; what is left out stays. A rule stays with its campaign or business."""

    name: Name | None = None
    condition: ConditionChange | None = None
    action: ActionChange | None = None
    cooldown_hours: Hours | None = None
    active: StrictBool | None = None


def rule_fields(body: RuleBody, *, currency: str) -> RuleFields:
    """The rule a body means; what it leaves out gets the defaults of its metric and window."""
    condition, action = body.condition, body.action
    impressions, clicks = MINIMUMS[condition.metric]
    percent, limit = _budget_parts(action, currency)
    return RuleFields(
        name=body.name,
        condition=Condition(
            metric=condition.metric,
            operator=condition.operator,
            value_micros=int(condition.value * MILLION),
            timeframe_hours=condition.timeframe_hours,
            certainty=condition.certainty,
            minimum_impressions=_or(condition.minimum_impressions, impressions),
            minimum_clicks=_or(condition.minimum_clicks, clicks),
        ),
        action=action.type,
        percent=percent,
        limit_micros=limit,
        cooldown_hours=body.cooldown_hours or condition.timeframe_hours,
        is_active=body.active,
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _budget_parts(action: ActionBody, currency: str) -> tuple[int | None, int | None]:
    if action.type in BUDGET_ACTIONS:
        limit = action.limit
        if limit is None and action.type is Action.INCREASE_BUDGET:
            raise InvalidError(
                _("A rule that raises budgets needs the highest daily budget it may set."),
                field="action.limit",
                code="limit_required",
                hint=_("Send action.limit, in the currency of the campaign."),
            )
        money = None if limit is None else from_decimal(limit, currency, field="action.limit")
        return action.percent or DEFAULT_PERCENT, None if money is None else money.micros
    for name in ("percent", "limit"):
        if getattr(action, name) is not None:
            raise InvalidError(
                _("%(field)s belongs to budget actions alone.") % {"field": f"action.{name}"},
                field=f"action.{name}",
                hint=_("Leave it out, or use increase_budget or decrease_budget."),
            )
    return None, None


def changed_fields(rule: Rule, change: RuleChange) -> RuleFields:
    """The rule after a change; another metric or window brings its own defaults with it."""
    now: dict[str, Any] = _as_body(rule)
    wanted = change.model_dump(exclude_none=True)
    condition, action = wanted.pop("condition", {}), wanted.pop("action", {})
    if condition.get("metric", rule.metric) != rule.metric:
        now["condition"].pop("minimum_impressions")
        now["condition"].pop("minimum_clicks")
    if action.get("type", rule.action) != rule.action:
        now["action"] = {}
    merged = {
        **now,
        **wanted,
        "condition": {**now["condition"], **condition},
        "action": {**now["action"], **action},
    }
    return rule_fields(RuleBody.model_validate(merged), currency=rule.currency)


def _as_body(rule: Rule) -> dict[str, Any]:
    shown = rule_json(rule)
    shown["condition"]["value"] = Decimal(rule.value_micros) / MILLION
    if shown["action"].get("limit") is not None:
        shown["action"]["limit"] = Decimal(rule.limit_micros or 0) / MILLION
    return {name: shown[name] for name in RuleBody.model_fields if name in shown} | {
        "campaign_id": "",
        "business_id": "",
    }
