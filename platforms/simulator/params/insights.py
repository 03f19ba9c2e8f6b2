"""Parameters of insights."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, Field, model_validator

from platforms.simulator.params.common import Flag, FromJson, Params, Texts, Unsigned
from platforms.simulator.params.lists import Filters

LONGEST_DAYS = 37 * 31
Level = Literal["account", "campaign", "adset", "ad"]
Preset = Literal[
    "today",
    "yesterday",
    "last_3d",
    "last_7d",
    "last_14d",
    "last_28d",
    "last_30d",
    "last_90d",
    "this_month",
    "last_month",
    "maximum",
]
# 7d_view and 28d_view ended in January 2026.
Window = Literal["1d_click", "7d_click", "28d_click", "1d_view", "default"]


def _names(value: Any) -> Any:
    """A list as JSON or with commas between the names."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return orjson.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Names = BeforeValidator(_names)


class TimeRange(Params):
    since: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> "TimeRange":
        if self.until < self.since:
            raise ValueError("until is before since")
        if (self.until - self.since).days > LONGEST_DAYS:
            raise ValueError("spans more than 37 months")
        return self


class InsightsQuery(Params):
    """What a report holds. Without a range it covers the last 30 days."""

    fields: Any = None
    level: Level | None = None
    time_range: Annotated[TimeRange, FromJson] | None = None
    date_preset: Preset | None = None
    time_increment: Annotated[str, Field(pattern=r"^([1-9]|[1-8][0-9]|90|monthly|all_days)$")] = (
        "all_days"
    )
    breakdowns: Annotated[list[Literal["publisher_platform"]], Names] = []
    action_breakdowns: Annotated[list[Literal["action_type"]], Names] = []
    action_attribution_windows: Annotated[list[Window], Names] = []
    action_report_time: Literal["conversion", "impression", "mixed"] | None = None
    filtering: Filters = []
    sort: Annotated[list[str], Names] = []
    limit: Annotated[Unsigned, Field(ge=1)] = 25
    after: str = ""
    default_summary: Flag | None = None
    summary: Texts | Flag | None = None
    use_account_attribution_setting: Flag | None = None
    use_unified_attribution_setting: Flag | None = None

    def days(self, today: date) -> tuple[date, date]:
        """First and last day, in the account's zone."""
        if self.time_range is not None:
            return self.time_range.since, self.time_range.until
        return preset_days(self.date_preset or "last_30d", today)


def preset_days(preset: str, today: date) -> tuple[date, date]:
    """First and last day of a named range; `last_…` ranges end yesterday."""
    yesterday = today - timedelta(days=1)
    month = today.replace(day=1)
    fixed = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "this_month": (month, today),
        "last_month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "maximum": (today - timedelta(days=LONGEST_DAYS), today),
    }
    if preset in fixed:
        return fixed[preset]
    length = int(preset.removeprefix("last_").removesuffix("d"))
    return today - timedelta(days=length), yesterday
