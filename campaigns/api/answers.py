"""What /campaigns, /pending-actions and /jobs answer."""

from typing import Annotated, Any

import pydantic

from campaigns.api import meanings
from campaigns.presenters.kinds import KINDS
from core.shapes import Answer, Currency, OneOf, Page, Time, an_id

CampaignId = Annotated[str, an_id("camp")]
AdSetId = Annotated[str, an_id("aset")]
AdId = Annotated[str, an_id("ad")]
PendingId = Annotated[str, an_id("pa")]
JobId = Annotated[str, an_id("job")]
VerdictId = Annotated[str, an_id("ver")]
BusinessId = Annotated[str, an_id("biz")]
Day = Annotated[str, pydantic.Field(description="`YYYY-MM-DD`, in the ad account's zone.")]
Amount = Annotated[float, pydantic.Field(description="Main units of the currency.")]
type Objective = Annotated[str, OneOf(meanings.OBJECTIVE)]
type CampaignStatus = Annotated[str, OneOf(meanings.STATUS)]
type Publisher = Annotated[str, OneOf(meanings.PUBLISHER)]
type Axis = Annotated[str, OneOf(meanings.AXIS)]
type Risk = Annotated[str, OneOf(meanings.RISK)]
type Action = Annotated[str, OneOf({kind: str(words) for kind, words in KINDS.items()})]
type BudgetType = Annotated[str, OneOf(meanings.BUDGET_TYPE)]
type Strategy = Annotated[str, OneOf(meanings.STRATEGY)]
type Frequency = Annotated[str, OneOf(meanings.FREQUENCY)]
type CallToAction = Annotated[str, OneOf(meanings.CALL_TO_ACTION)]
type LocationType = Annotated[str, OneOf(meanings.LOCATION_TYPE)]
type EntityType = Annotated[str, OneOf(meanings.ENTITY)]
type WriteStatus = Annotated[str, OneOf(meanings.WRITE_STATUS)]
type PendingStatus = Annotated[str, OneOf(meanings.PENDING_STATUS)]
type JobStatus = Annotated[str, OneOf(meanings.JOB_STATUS)]
type StepKind = Annotated[str, OneOf(meanings.STEP_KIND)]
type RiskReason = Annotated[str, OneOf(meanings.RISK_REASON)]
type ProposerKind = Annotated[str, OneOf(meanings.PROPOSER)]
type ErrorKind = Annotated[str, OneOf(meanings.ERROR_KIND)]
type EffectiveStatus = Annotated[
    str,
    pydantic.Field(
        description="What the platform does with it: `status`, or `PENDING_APPROVAL`, `LAUNCHING`, "
        "`LAUNCH_FAILED`, `HELD`, or the platform's own word, such as `IN_PROCESS`, "
        "`PENDING_REVIEW`, `DISAPPROVED`, `WITH_ISSUES`."
    ),
]
ExternalId = Annotated[str | None, pydantic.Field(description="Its id at Meta.")]
Values = Annotated[
    dict[str, Any],
    pydantic.Field(description="The changed fields, money in main units."),
]


class Issue(pydantic.BaseModel):
    """What keeps something from delivering, in the platform's words."""

    code: str
    level: str
    summary: str
    message: str


class CampaignBudget(Answer):
    """How much may be spent."""

    type: BudgetType
    amount: Amount
    currency: Currency


class CampaignSchedule(Answer):
    """First and last day of delivery."""

    start_date: Day | None
    end_date: Day | None


class CampaignOptimization(Answer):
    """What the optimizer may do."""

    enabled: bool = False
    strategy: Strategy = "maximize_conversions"
    frequency: Frequency = "daily"


class CampaignMetrics(Answer):
    """Delivery since the launch; a ratio without a base is null."""

    impressions: int
    clicks: int
    ctr: Annotated[float | None, pydantic.Field(description="Clicks per 100 impressions.")]
    conversions: int
    spend: Amount
    cpc: Annotated[float | None, pydantic.Field(description="Spend per click.")]
    roas: Annotated[float | None, pydantic.Field(description="Value per spend.")]


class StoredCampaign(Answer):
    """A campaign without its delivery."""

    id: CampaignId
    business_id: BusinessId
    ad_account_id: Annotated[str, an_id("acct")] | None
    name: str
    objective: Objective
    status: CampaignStatus
    effective_status: EffectiveStatus
    issues: list[Issue]
    product_description: str
    message: str
    target_url: str
    audience_description: str
    target_location: str
    daily_budget: Annotated[
        float | None, pydantic.Field(description="`budget.amount` where it is a daily budget.")
    ]
    budget: CampaignBudget
    schedule: CampaignSchedule
    platforms: list[Publisher]
    optimization: CampaignOptimization
    facebook_campaign_id: ExternalId
    launched_at: Time | None
    created_at: Time
    updated_at: Time


class Campaign(StoredCampaign):
    """A campaign."""

    metrics: CampaignMetrics


class Carried(Answer):
    """What carries a new object to the platform."""

    job_id: JobId | None = None
    verdict_id: VerdictId | None = None


class NewCampaign(Campaign, Carried):
    """A campaign that was just made."""


class CampaignPage(Page[Campaign]):
    """Campaigns."""


class Location(Answer):
    """A place."""

    type: LocationType = "country"
    value: Annotated[str, pydantic.Field(description="ISO 3166-1 code.")]


class AdSetTargeting(Answer):
    """Whom an ad set reaches."""

    age_min: int = 18
    age_max: int = 65
    locations: list[Location]
    interests: list[str] = []


class Warn(Answer):
    """What was kept but has no effect."""

    code: Annotated[
        str,
        OneOf({"interests_not_sent": "the platform takes interests by its own ids only"}),
    ]
    message: str
    values: list[str]


class AdSet(Answer):
    """An ad set."""

    id: AdSetId
    campaign_id: CampaignId
    name: str
    status: CampaignStatus
    effective_status: EffectiveStatus
    issues: list[Issue]
    targeting: AdSetTargeting
    warnings: list[Warn]
    facebook_ad_set_id: ExternalId
    created_at: Time
    updated_at: Time


class NewAdSet(AdSet, Carried):
    """An ad set that was just made."""


class AdSetPage(Page[AdSet]):
    """Ad sets."""


class Creative(Answer):
    """What an ad says."""

    id: Annotated[str, an_id("crt")]
    headline: str
    primary_text: str
    description: str
    image_url: str
    call_to_action: CallToAction
    link_url: str


class Ad(Answer):
    """An ad."""

    id: AdId
    campaign_id: CampaignId
    ad_set_id: AdSetId
    name: str
    status: CampaignStatus
    effective_status: EffectiveStatus
    issues: list[Issue]
    creative: Creative
    generation_id: str | None
    facebook_ad_id: ExternalId
    created_at: Time
    updated_at: Time


class NewAd(Ad, Carried):
    """An ad that was just made."""


class AdPage(Page[Ad]):
    """Ads."""


class Entity(Answer):
    """What a change is about."""

    type: EntityType
    id: str
    name: str


class Write(Answer):
    """The answer to a change that is not in force yet, or leaves nothing to show."""

    status: WriteStatus
    action: Action
    entity: Entity
    campaign_id: str
    axes: list[Axis]
    before: Values
    after: Values
    verdict_id: VerdictId
    pending_action_id: PendingId | None
    job_id: JobId | None
    dashboard_url: str
    expires_at: Time | None
    risk: Risk | None
    duplicate: Annotated[
        bool, pydantic.Field(description="An earlier, still open proposal of the same change.")
    ]
    next_step: Annotated[str, pydantic.Field(description="What to do now, in one sentence.")]


class CampaignWrite(Write):
    """A change of a campaign on its way; `campaign` shows it as it is."""

    campaign: Campaign | StoredCampaign | None = None


class AdSetWrite(Write):
    """A change of an ad set on its way; `ad_set` shows it as it is."""

    ad_set: AdSet | None = None


class AdWrite(Write):
    """A change of an ad on its way; `ad` shows it as it is."""

    ad: Ad | None = None


class Proposer(Answer):
    """Who proposed it."""

    kind: ProposerKind
    id: str
    label: str


class PendingAction(Answer):
    """A proposal, and what became of it."""

    id: PendingId
    status: PendingStatus
    action: Action
    axes: list[Axis]
    entity: Entity
    business_id: BusinessId
    campaign_id: CampaignId | None
    before: Values
    after: Values
    current: Annotated[
        dict[str, Any] | None,
        pydantic.Field(description="What the platform showed instead, after a conflict."),
    ]
    exposure_delta: Annotated[
        float, pydantic.Field(description="How much more one day can cost at most.")
    ]
    currency: str
    rationale: str
    risk: Risk
    risk_reasons: list[RiskReason]
    proposer: Proposer
    verdict_id: VerdictId
    job_id: JobId | None
    supersedes: PendingId | None
    group_id: str | None
    dashboard_url: str
    decided_by: str | None
    decided_at: Time | None
    comment: str | None
    not_reread: Annotated[
        bool, pydantic.Field(description="Approved although the platform could not be read first.")
    ]
    snoozed_until: Time | None
    expires_at: Time
    created_at: Time


class PendingPage(Page[PendingAction]):
    """Proposals."""


class JobError(Answer):
    """Why a job stopped."""

    kind: ErrorKind
    code: str | None
    message: str | None


class Step(Answer):
    """One call to the platform."""

    kind: StepKind
    object: Annotated[str, pydantic.Field(description="Our id of what it is about.")]
    status: JobStatus
    external_id: str | None


class Job(Answer):
    """A change on its way to the platform, step by step."""

    id: JobId
    status: JobStatus
    action: Action
    campaign_id: CampaignId
    verdict_id: VerdictId
    pending_action_id: PendingId | None
    platform: str
    attempts: int
    error: JobError | None
    needs_person: bool
    steps: list[Step]
    not_before: Time | None
    created_at: Time
    finished_at: Time | None
