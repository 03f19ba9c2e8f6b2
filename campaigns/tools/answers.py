"""What the tools of this room answer."""

from typing import Any, Literal

from pydantic import BaseModel

from core.tools import ToolOutput

Status = Literal["applied", "dispatching", "pending_approval", "denied"]
Amount = int | float


class Budget(BaseModel):
    type: str
    amount: Amount
    currency: str


class CampaignRow(BaseModel):
    """Metrics are lifetime sums; a ratio without a base is absent."""

    id: str
    name: str
    status: str
    effective_status: str | None = None
    objective: str
    business_id: str
    budget: Budget
    metrics: dict[str, Any]


class CampaignPage(ToolOutput):
    campaigns: list[CampaignRow]
    total: int
    next_cursor: str | None = None


class CampaignDetail(ToolOutput):
    campaign: dict[str, Any]
    ad_sets: list[dict[str, Any]]
    ads: list[dict[str, Any]]
    next_ad_sets_cursor: str | None = None
    next_ads_cursor: str | None = None
    dashboard_url: str


class Decision(BaseModel):
    id: str
    status: str
    action: str
    entity: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    dashboard_url: str
    created_at: str
    expires_at: str | None = None


class PendingPage(ToolOutput):
    pending_actions: list[Decision]
    total: int
    next_cursor: str | None = None


class PendingDetail(ToolOutput):
    pending_action: dict[str, Any]
    next_step: str


class JobDetail(ToolOutput):
    job: dict[str, Any]
    next_step: str


class Workspace(ToolOutput):
    environment: str
    scopes: list[str]
    businesses: list[dict[str, Any]]
    ceilings_over_all: list[dict[str, Any]]
    more_businesses: int
    next_step: str


class Written(ToolOutput):
    """The answer to every change; `reason` is a denial's."""

    status: Status
    action: str
    entity: dict[str, Any]
    campaign_id: str
    before: dict[str, Any]
    after: dict[str, Any]
    verdict_id: str
    created_id: str | None = None
    pending_action_id: str | None = None
    job_id: str | None = None
    reason: str | None = None
    expires_at: str | None = None
    dashboard_url: str
    next_step: str


class Withdrawn(ToolOutput):
    pending_action_id: str
    status: str
    next_step: str
