"""What /optimization/rules answers."""

from typing import Annotated, Any, Literal

import pydantic

from analytics.optimizer import meanings
from core.shapes import Answer, Environment, OneOf, Page, Time

Day = Annotated[str, pydantic.Field(description="A day of the ad account's zone.")]
type MetricWord = Annotated[str, OneOf(meanings.METRIC)]
REPLIED = ("applied", "dispatching", "pending_approval")
Percent = Annotated[int, pydantic.Field(ge=0, le=100)]
Count = Annotated[int, pydantic.Field(ge=0)]


class RuleCondition(Answer):
    """When a rule acts. The whole interval of `certainty` percent must lie beyond `value`."""

    metric: MetricWord
    operator: Annotated[str, OneOf(meanings.OPERATOR)]
    value: float
    timeframe_hours: Annotated[int, pydantic.Field(description="Whole days that have ended.")]
    certainty: Annotated[
        Literal[0, 80, 90, 95], pydantic.Field(description="Percent; 0 compares the bare value.")
    ]
    minimum_impressions: Count
    minimum_clicks: Count


class RuleAction(Answer):
    """What is proposed to the gate for each object that matches."""

    type: Annotated[str, OneOf(meanings.ACTION)]
    percent: int | None = None
    limit: Annotated[
        float | None, pydantic.Field(description="Highest or lowest daily budget it may set.")
    ] = None


class Owner(Answer):
    """The credential that the rule acts for, looked up again before every action."""

    type: Annotated[str, OneOf(meanings.OWNER)]
    id: str


class Rule(Answer):
    """A rule."""

    id: str
    name: str
    business_id: str
    campaign_id: Annotated[str | None, pydantic.Field(description="null: every campaign.")]
    environment: Environment
    active: bool
    stopped_reason: Annotated[str, OneOf(meanings.STOPPED)] | None
    currency: str
    condition: RuleCondition
    action: RuleAction
    cooldown_hours: int
    owner: Owner
    last_evaluated_at: Time | None
    last_result: Annotated[
        dict[str, int] | None,
        pydantic.Field(description="Objects of the last evaluation by what became of them."),
    ]
    created_at: Time
    updated_at: Time


RulePage = Page[Rule]


class Interval(Answer):
    """`high` is null where there is no upper bound."""

    low: float
    high: float | None
    percent: Percent


class Evidence(Answer):
    """What a judgement rests on."""

    metric: MetricWord
    value: float | None
    at_least: Annotated[bool, pydantic.Field(description="No such event yet; it costs more.")]
    n: Annotated[int, pydantic.Field(ge=0, description="Events the value rests on.")]
    n_of: str
    interval: Interval | None
    from_: Annotated[Day, pydantic.Field(alias="from")]
    to: Day
    impressions: Count
    clicks: Count
    conversions: Count
    spend: float
    currency: str


class RuleTarget(Answer):
    type: Annotated[str, OneOf(meanings.TARGET)]
    id: str
    name: str = ""


class RuleFiring(Answer):
    """One object that met a rule, and what the gate answered."""

    id: str
    rule_id: str
    campaign_id: str
    target: RuleTarget
    day: Day
    evidence: Evidence
    command: dict[str, Any]
    status: Annotated[str, OneOf(meanings.FIRED)]
    reason: str | None
    verdict_id: str | None
    pending_action_id: str | None
    job_id: str | None
    created_at: Time


RuleFiringPage = Page[RuleFiring]


class RuleMatch(Answer):
    day: Day
    campaign_id: str
    target: RuleTarget
    evidence: Evidence


class RuleDryRun(Answer):
    """What a rule would have matched over the last 30 full days, by the facts known today."""

    rule_id: str | None
    condition: RuleCondition
    action: RuleAction
    command: Annotated[str, pydantic.Field(description="The change a match would propose.")]
    cooldown_hours: int
    days: int
    matched: Count
    matches: Annotated[list[RuleMatch], pydantic.Field(description="At most 100, oldest first.")]
    truncated: bool
    object_days: Annotated[
        dict[str, int],
        pydantic.Field(
            description="How many days of objects were matched, not_matched, uncertain, "
            "sample_too_small, no_data or cooling_down."
        ),
    ]
    campaigns_left_out: Annotated[
        dict[str, int],
        pydantic.Field(description="Campaigns by other_currency, lifetime_budget, facts_not_read."),
    ]
    conversions_may_have_come_later: Annotated[
        bool, pydantic.Field(description="On the day itself fewer of them were known.")
    ]


class Compared(Answer):
    """The others together."""

    value: float
    n: Count
    interval: Interval


class SuggestionEvidence(Evidence):
    """The reading that speaks for the change, and what it was compared with."""

    compared_with: Compared | None


class Suggestion(Answer):
    """A change that POST /ai/optimize/apply carries out until it expires."""

    id: str
    campaign_id: str
    ad_set_id: str | None = None
    ad_id: str | None = None
    type: Annotated[str, OneOf(meanings.SUGGESTION)]
    impact: Annotated[str, OneOf(meanings.IMPACT)]
    description: str
    evidence: SuggestionEvidence
    command: Annotated[dict[str, Any], pydantic.Field(description="What apply submits.")]
    applied_at: Time | None
    created_at: Time
    expires_at: Time


class NothingFrom(Answer):
    """A strategy without a suggestion, and why."""

    strategy: str
    reason: Annotated[str, OneOf(meanings.NOTHING)]


class Suggestions(Answer):
    campaign_id: str
    suggestions: list[Suggestion]
    nothing_from: list[NothingFrom]


SuggestionPage = Page[Suggestion]


class Applied(pydantic.BaseModel):
    """The answer of the gate, as for every write."""

    model_config = pydantic.ConfigDict(extra="allow")

    suggestion_id: str
    status: Annotated[str, OneOf({word: meanings.FIRED[word] for word in REPLIED})]
    action: str
    campaign_id: str
    verdict_id: str
    pending_action_id: str | None
    job_id: str | None
    dashboard_url: str
    next_step: str
