"""What the `data` of each event holds, as the API document shows it. Keys may be added, so a
receiver's model of these has to take keys it does not know; none is ever taken away.
"""

from typing import Annotated, Any

import pydantic

from core.shapes import Currency, Time, an_id


class Data(pydantic.BaseModel):
    """A key with a default may be absent."""

    model_config = pydantic.ConfigDict(extra="allow")


CampaignId = Annotated[str, an_id("camp")]
BusinessId = Annotated[str, an_id("biz")]
AdSetId = Annotated[str, an_id("aset")]
AdId = Annotated[str, an_id("ad")]
JobId = Annotated[str, pydantic.Field(description="`job_…`: GET /jobs/{job_id} says more.")]
PendingId = Annotated[str, an_id("pa")]
VerdictId = Annotated[str, pydantic.Field(description="`ver_…`: the gate's recorded decision.")]
Command = Annotated[str, pydantic.Field(description="The change, in the words of the gate.")]


class UserData(Data):
    """A person."""

    id: Annotated[str, an_id("user")]
    email: str
    first_name: str
    last_name: str
    enabled: bool
    created_at: Time


class AccountVerifiedData(Data):
    """Whose address was verified."""

    user: UserData


class PaidPlanData(Data):
    """The plan that was paid for."""

    id: int
    name: str
    price: float
    currency: Currency


class PaymentData(Data):
    """One payment, or one attempt at it."""

    plan: PaidPlanData | None
    invoice_id: Annotated[str | None, pydantic.Field(description="`invc_…`; null in demo mode.")]
    amount: float
    currency: Currency
    attempt: int
    mode: Annotated[str, pydantic.Field(description="`stripe` or `demo`.")]


class ObjectData(Data):
    """Which object an event is about."""

    campaign_id: CampaignId | None
    ad_set_id: AdSetId | None = None
    ad_id: AdId | None = None
    business_id: BusinessId | None = None


class ChangeData(ObjectData):
    """A change to a campaign, ad set or ad. `job_id` is there where it was carried out at the
    platform, `by` where somebody made it in the platform's own screens.
    """

    command: Command | None = None
    job_id: JobId | None = None
    name: Annotated[str | None, pydantic.Field(description="The campaign's or object's name.")] = (
        None
    )
    status: Annotated[str | None, pydantic.Field(description="The campaign's status.")] = None
    changed: Annotated[
        list[str] | None, pydantic.Field(description="Fields that changed here.")
    ] = None
    fields: Annotated[
        list[str] | None, pydantic.Field(description="Fields that changed at the platform.")
    ] = None
    by: Annotated[str | None, pydantic.Field(description="`platform`, or absent.")] = None


class AdDisapprovedData(ObjectData):
    """The platform's reason."""

    reason: str


class GenerationCompletedData(Data):
    """A generation that ended, well or not."""

    generation_id: Annotated[str, an_id("gen")]
    kind: str
    status: Annotated[str, pydantic.Field(description="`completed` or `failed`.")]
    provider: str
    variations: Annotated[int, pydantic.Field(description="How many were made.")]
    credits_used: int


class AlertData(Data):
    """An alert, as GET /analytics/alerts shows it too."""

    id: Annotated[str, an_id("alert")]
    type: Annotated[str, pydantic.Field(description="The event's type.")]
    kind: Annotated[str, pydantic.Field(description="`threshold` or `anomaly`.")]
    rule_id: Annotated[str | None, pydantic.Field(description="`alr_…`; null once removed.")]
    rule_name: str
    business_id: BusinessId
    campaign_id: Annotated[str | None, pydantic.Field(description="null: the whole business.")]
    environment: str
    metric: str
    direction: Annotated[str, pydantic.Field(description="`above` or `below`.")]
    day: Annotated[str, pydantic.Field(description="The last day judged, in the account's zone.")]
    threshold: Annotated[float | None, pydantic.Field(description="null: an anomaly has none.")]
    evidence: Annotated[dict[str, Any], pydantic.Field(description="Value, window, counts.")]
    message: Annotated[str, pydantic.Field(description="One sentence for people.")]
    created_at: Time


class ApprovalRequestedData(ObjectData):
    """A proposal that waits for a person."""

    command: Command
    pending_action_id: PendingId
    verdict_id: VerdictId
    risk: str
    axes: list[str]
    expires_at: Time


class ApprovalData(ObjectData):
    """What became of a proposal."""

    command: Command
    pending_action_id: PendingId
    status: Annotated[str | None, pydantic.Field(description="The proposal's new status.")] = None
    comment: str | None = None
    job_id: JobId | None = None
    not_reread: Annotated[
        bool | None, pydantic.Field(description="Whether the platform could not be asked before.")
    ] = None


class ApprovalConflictData(ObjectData):
    """A proposal, or a change on its way, that met another value at the platform."""

    command: Command
    pending_action_id: PendingId | None = None
    status: str | None = None
    comment: str | None = None
    job_id: JobId | None = None
    current: Annotated[
        dict[str, Any] | None, pydantic.Field(description="What the platform shows.")
    ] = None


class WriteDeniedData(ObjectData):
    """Why the gate refused."""

    command: Command
    reason: Annotated[str, pydantic.Field(description="The `error.code` of the answer.")]
    detail: Annotated[str, pydantic.Field(description="More words, or empty.")]
    verdict_id: VerdictId
    pending_action_id: PendingId | None = None


class WriteDispatchedData(ObjectData):
    """A change that is in force at the platform."""

    command: Command
    job_id: JobId


class WriteFailedData(WriteDispatchedData):
    """Why the platform did not take it."""

    reason: str
    message: Annotated[str, pydantic.Field(description="The platform's own words.")]


class KillSwitchData(Data):
    """The switch of one business."""

    business_id: BusinessId
    epoch: Annotated[int, pydantic.Field(description="Counts how often it was engaged.")]
    stop_delivery: bool
    campaigns: Annotated[list[CampaignId], pydantic.Field(description="Those it paused.")]


class PolicyChangeData(Data):
    """A looser policy on its way."""

    business_id: BusinessId
    target_id: Annotated[str, pydantic.Field(description="What it is about.")]
    policy_change_id: Annotated[str, an_id("pch")]
    kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    proposed_by: str


class ConnectionData(Data):
    """One connection to a platform."""

    connection_id: Annotated[str, an_id("conn")]
    business_id: BusinessId
    platform: str
    status: str


class PingData(Data):
    """Which endpoint was tested."""

    webhook_id: Annotated[str, an_id("whk")]
