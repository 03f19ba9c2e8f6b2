"""Commands on a campaign."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from campaigns.commands.base import Command
from campaigns.commands.values import (
    BudgetType,
    Currency,
    Line,
    Micros,
    Name,
    Objective,
    Optimization,
    OptionalWebAddress,
    PublicId,
    Publishers,
    Text,
    WebAddress,
)

ExternalId = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_]*$")]


class CreateCampaign(Command):
    """A new local campaign; nothing leaves before its launch."""

    kind: ClassVar[str] = "create_campaign"
    business_id: PublicId
    name: Name
    objective: Objective
    platforms: Publishers = ("facebook", "instagram")
    budget_type: BudgetType = "daily"
    budget_micros: Micros
    currency: Currency
    start_date: date | None = None
    end_date: date | None = None
    optimization: Optimization = Field(default_factory=Optimization)
    product_description: Text = ""
    message: Text = ""
    target_url: OptionalWebAddress = ""
    audience_description: Text = ""
    target_location: Line = ""


class _OnCampaign(Command):
    campaign_id: PublicId


class UpdateCampaign(_OnCampaign):
    """Any of a campaign's fields; absent ones stay as they are."""

    kind: ClassVar[str] = "update_campaign"
    name: Name | None = None
    objective: Objective | None = None
    platforms: Publishers | None = None
    budget_type: BudgetType | None = None
    budget_micros: Micros | None = None
    currency: Currency | None = None
    start_date: date | None = None
    end_date: date | None = None
    optimization: Optimization | None = None
    product_description: Text | None = None
    message: Text | None = None
    target_url: WebAddress | None = None
    audience_description: Text | None = None
    target_location: Line | None = None


class LaunchCampaign(_OnCampaign):
    """Create at the platform whatever is still local, then activate it."""

    kind: ClassVar[str] = "launch_campaign"
    ad_account_id: PublicId | Literal[""] = ""
    page_id: ExternalId = ""
    pixel_id: ExternalId = ""


class PauseCampaign(_OnCampaign):
    kind: ClassVar[str] = "pause_campaign"


class ResumeCampaign(_OnCampaign):
    kind: ClassVar[str] = "resume_campaign"


class ArchiveCampaign(_OnCampaign):
    """Archive here, pause at the platform; resuming brings it back."""

    kind: ClassVar[str] = "archive_campaign"


class SetDailyBudget(_OnCampaign):
    kind: ClassVar[str] = "set_daily_budget"
    budget_micros: Micros
    currency: Currency


class SetLifetimeBudget(_OnCampaign):
    kind: ClassVar[str] = "set_lifetime_budget"
    budget_micros: Micros
    currency: Currency


class SetSchedule(_OnCampaign):
    """First and last day of delivery, in the ad account's zone. None leaves a day as it is;
    `clear_end_date` takes the last day away.
    """

    kind: ClassVar[str] = "set_schedule"
    start_date: date | None = None
    end_date: date | None = None
    clear_end_date: bool = False


class RemoveRemains(_OnCampaign):
    """Delete at the platform what a failed or held change had made there, all of it paused."""

    kind: ClassVar[str] = "remove_remains"
    job_id: PublicId


class StopDelivery(_OnCampaign):
    """The kill switch pauses a running campaign."""

    kind: ClassVar[str] = "stop_delivery"


class RestoreDelivery(_OnCampaign):
    """The release of the kill switch resumes a campaign that it paused."""

    kind: ClassVar[str] = "restore_delivery"
