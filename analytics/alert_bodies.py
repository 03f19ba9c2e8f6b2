"""What may be asked of /analytics/alert-rules, and the checked rule that comes of it."""

from decimal import Decimal
from typing import Annotated, Any

import pydantic
from django.utils.translation import gettext as _
from pydantic import BeforeValidator, StrictBool, StrictInt, StrictStr

from analytics.domain.alerts import SERIES, Direction, Kind, Watch
from analytics.models import AlertRule
from analytics.optimizer import meanings
from analytics.optimizer.bodies import (
    Body,
    ConditionBody,
    ConditionChange,
    Name,
)
from analytics.optimizer.domain.conditions import (
    HOURS_A_DAY,
    MILLION,
    MINIMUMS,
    Condition,
    Metric,
)
from analytics.presenters.alerts import alert_rule_json
from analytics.services.alert_rules import AlertFields
from core.errors import InvalidError
from core.shapes import Words

DEFAULT_REST = 7 * HOURS_A_DAY
DIRECTION = {
    "above": "more than usual",
    "below": "less than usual",
    "both": "either",
}
WATCHED = {metric.value: meanings.METRIC[metric.value] for metric in SERIES}


def _word(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _is_watched(value: Metric) -> Metric:
    if value not in SERIES:
        raise ValueError(f"one of {', '.join(WATCHED)} is needed")
    return value


WatchedWord = Annotated[
    Metric,
    BeforeValidator(_word),
    pydantic.AfterValidator(_is_watched),
    Words(WATCHED),
]
DirectionWord = Annotated[Direction, BeforeValidator(_word), Words(DIRECTION)]
Change = Annotated[
    StrictInt,
    pydantic.Field(ge=10, le=1000, description="Percent; smaller changes are not told."),
]
Cooldown = Annotated[
    StrictInt,
    pydantic.Field(
        ge=0,
        le=90 * HOURS_A_DAY,
        multiple_of=HOURS_A_DAY,
        description="Whole days in which the rule must not have held before it alerts again; 0: "
        "every day on which it holds.",
    ),
]


class AnomalyBody(Body):
    """A day unlike the same weekday of the eight weeks before it, beyond chance."""

    metric: WatchedWord
    direction: DirectionWord = Direction.BOTH
    minimum_change: Change = 30


class AnomalyChange(Body):
    metric: WatchedWord | None = None
    direction: DirectionWord | None = None
    minimum_change: Change | None = None


class AlertRuleBody(Body):
    """A new alert rule with a `condition` or an `anomaly`, for one campaign or, without one, for a
    business as a whole in its currency.
    """

    name: Name
    condition: ConditionBody | None = None
    anomaly: AnomalyBody | None = None
    campaign_id: Annotated[StrictStr, pydantic.Field(max_length=64)] = ""
    business_id: Annotated[StrictStr, pydantic.Field(max_length=64)] = ""
    cooldown_hours: Cooldown = DEFAULT_REST
    active: StrictBool = True


class AlertRuleChange(Body):
    """Any part of a rule; what is left out stays, and so does its campaign or business."""

    name: Name | None = None
    condition: ConditionChange | None = None
    anomaly: AnomalyChange | None = None
    cooldown_hours: Cooldown | None = None
    active: StrictBool | None = None


def alert_fields(body: AlertRuleBody) -> AlertFields:
    """The whole rule that a body means; raises InvalidError for two kinds at once, or none."""
    return AlertFields(
        name=body.name,
        what=_what(body),
        cooldown_hours=body.cooldown_hours,
        is_active=body.active,
    )


def _what(body: AlertRuleBody) -> Condition | Watch:
    if body.condition is not None and body.anomaly is not None:
        raise InvalidError(
            _("A rule has a condition or an anomaly, not both."),
            field="anomaly",
            code="contradictory_fields",
            hint=_("Make two rules."),
        )
    if body.anomaly is not None:
        said = body.anomaly
        return Watch(
            metric=said.metric, direction=said.direction, minimum_change=said.minimum_change
        )
    if body.condition is None:
        raise InvalidError(
            _("A rule needs a condition or an anomaly."),
            field="condition",
            hint=_("Send condition for a threshold of your own, or anomaly for unusual days."),
        )
    return _condition(body.condition)


def _condition(said: ConditionBody) -> Condition:
    impressions, clicks = MINIMUMS[said.metric]
    return Condition(
        metric=said.metric,
        operator=said.operator,
        value_micros=int(said.value * MILLION),
        timeframe_hours=said.timeframe_hours,
        certainty=said.certainty,
        minimum_impressions=_or(said.minimum_impressions, impressions),
        minimum_clicks=_or(said.minimum_clicks, clicks),
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def changed_alert_fields(rule: AlertRule, change: AlertRuleChange) -> AlertFields:
    """The rule after a change; raises InvalidError for a part that its kind does not have."""
    other = "condition" if rule.kind == Kind.ANOMALY else "anomaly"
    if getattr(change, other) is not None:
        raise InvalidError(
            _("This rule has no %(field)s.") % {"field": other},
            field=other,
            code="contradictory_fields",
            hint=_("Remove it and make a rule of the other kind."),
        )
    shown: dict[str, Any] = alert_rule_json(rule)
    said = change.model_dump(exclude_none=True)
    kept = {name: shown[name] for name in ("name", "cooldown_hours", "active")}
    part = "anomaly" if rule.kind == Kind.ANOMALY else "condition"
    now, wanted = dict(shown[part]), said.pop(part, {})
    if part == "condition":
        now["value"] = Decimal(rule.value_micros) / MILLION
        if wanted.get("metric", rule.metric) != rule.metric:
            now.pop("minimum_impressions")
            now.pop("minimum_clicks")
    return alert_fields(AlertRuleBody.model_validate({**kept, **said, part: {**now, **wanted}}))
