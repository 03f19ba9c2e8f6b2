"""What may be asked of /analytics."""

from datetime import date
from typing import Annotated, Literal

import pydantic
from django.utils.translation import gettext as _

from analytics.domain.metrics import METRICS
from analytics.domain.periods import Period, PeriodError, period_of
from core.errors import InvalidError
from core.shapes import Words


def _day(value: object) -> object:
    if isinstance(value, str) and len(value) != 10:
        raise ValueError("a date as YYYY-MM-DD is needed")
    return value


Day = Annotated[date, pydantic.BeforeValidator(_day)]
PublicId = Annotated[str, pydantic.Field(max_length=60)]
Breakdown = Annotated[
    Literal["none", "business", "ad_account", "campaign", "ad_set", "ad", "platform"],
    Words(
        {
            "none": "a currency as a whole",
            "business": "each business",
            "ad_account": "each ad account",
            "campaign": "each campaign",
            "ad_set": "each ad set",
            "ad": "each ad",
            "platform": "each publisher",
        }
    ),
]
FORMATS = {
    "json": "objects for rows and totals",
    "csv": "comma-separated values in UTF-8",
    "xlsx": "an Excel workbook",
    "pdf": "a document with charts, of up to 500 rows; an optional part of an installation",
}
PublisherPlatform = Annotated[str, pydantic.Field(pattern="^[a-z_]{0,20}$")]
Limit = Annotated[int, pydantic.Field(ge=1, le=100)]


MOST_POINTS = 10_000


class Query(pydantic.BaseModel):
    """Unknown parameters are refused: a misspelt date would give other numbers in silence."""

    model_config = pydantic.ConfigDict(extra="forbid")

    date_from: Day | None = None
    date_to: Day | None = None

    def period(self, today: date) -> Period:
        """The range meant on the day `today`; raises InvalidError."""
        return _checked(self.date_from, self.date_to, today=today, names=("date_from", "date_to"))


class ComparedQuery(Query):
    compare: (
        Annotated[
            Literal["previous", "year", "custom"],
            Words(
                {
                    "previous": "the days just before",
                    "year": "the same days a year before",
                    "custom": "`compare_from` to `compare_to`",
                }
            ),
        ]
        | None
    ) = None
    compare_from: Day | None = None
    compare_to: Day | None = None

    def periods(self, today: date) -> tuple[Period, Period | None]:
        """The range, and the one to compare it with; raises InvalidError."""
        period = self.period(today)
        if self.compare == "previous":
            return period, period.previous()
        if self.compare == "year":
            return period, period.year_before()
        given = (self.compare_from, self.compare_to)
        if self.compare == "custom":
            if None in given:
                raise InvalidError(
                    _("compare=custom needs compare_from and compare_to."), field="compare_from"
                )
            names = ("compare_from", "compare_to")
            return period, _checked(*given, today=today, names=names)
        if given != (None, None):
            raise InvalidError(
                _("compare_from and compare_to need compare=custom."), field="compare"
            )
        return period, None


class OverviewQuery(ComparedQuery):
    business_id: PublicId = ""


class CampaignQuery(ComparedQuery):
    limit: Limit = 20


class SeriesQuery(Query):
    interval: Annotated[
        Literal["hourly", "daily", "weekly"],
        Words(
            {
                "hourly": "not kept; refused with the reason",
                "daily": "a point a day",
                "weekly": "a point a week",
            }
        ),
    ] = "daily"
    breakdown: Breakdown = "none"
    metrics: Annotated[
        str, pydantic.Field(max_length=200, description="Comma-separated; all without.")
    ] = ""
    business_id: PublicId = ""
    campaign_id: PublicId = ""
    platform: PublisherPlatform = ""
    limit: Limit = 20
    cursor: Annotated[str, pydantic.Field(max_length=400)] = ""

    @property
    def wanted(self) -> list[str]:
        """The metrics asked for, each once, in the order of METRICS; raises InvalidError."""
        return _known_metrics({name.strip() for name in self.metrics.split(",") if name.strip()})

    def check_size(self, period: Period) -> None:
        """Raise InvalidError for an interval there is no data for, and for a page too large."""
        if self.interval == "hourly":
            raise InvalidError(
                _("Delivery is kept by day: there are no hourly numbers."),
                field="interval",
                code="interval_unavailable",
                details={"allowed": ["daily", "weekly"]},
                hint=_("Send interval=daily; as_of says how fresh the running day is."),
            )
        most = MOST_POINTS // sum(1 for _piece in period.pieces(self.interval))
        if self.limit > most and self.breakdown != "none":
            raise InvalidError(
                _("limit: so many series of this range are more than %(most)d points.")
                % {"most": MOST_POINTS},
                field="limit",
                details={"allowed": most},
                hint=_("Send a lower limit, a shorter range, or interval=weekly."),
            )


class PredictionQuery(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    business_id: PublicId = ""
    campaign_id: PublicId = ""
    platform: PublisherPlatform = ""


class ReportBody(pydantic.BaseModel):
    """A report: a row for each day, week or the whole range, by `breakdown`."""

    model_config = pydantic.ConfigDict(extra="forbid")

    format: Annotated[Literal["json", "csv", "xlsx", "pdf"], Words(FORMATS)] = "json"
    date_from: Day | None = None
    date_to: Day | None = None
    interval: Annotated[
        Literal["daily", "weekly", "total"],
        Words({"daily": "a row a day", "weekly": "a row a week", "total": "one row"}),
    ] = "daily"
    breakdown: Breakdown = "none"
    metrics: Annotated[list[str], pydantic.Field(max_length=20)] = []
    business_id: PublicId = ""
    campaign_id: PublicId = ""
    platform: PublisherPlatform = ""
    email: Annotated[
        bool, pydantic.Field(strict=True, description="Mail the link to the key's person.")
    ] = False

    @property
    def wanted(self) -> list[str]:
        """The metrics asked for, each once, in the order of METRICS; raises InvalidError."""
        return _known_metrics(set(self.metrics))

    def dated(self, today: date) -> "ReportBody":
        """The same with the dates that are meant on the day `today`; raises InvalidError."""
        names = ("date_from", "date_to")
        period = _checked(self.date_from, self.date_to, today=today, names=names)
        return self.model_copy(update={"date_from": period.since, "date_to": period.until})

    @property
    def stored_period(self) -> Period:
        """The range of a body that is dated."""
        if self.date_from is None or self.date_to is None:
            raise ValueError("the report has no dates")
        return Period(self.date_from, self.date_to)


def _known_metrics(named: set[str]) -> list[str]:
    if named - set(METRICS):
        raise InvalidError(
            _("Unknown metric."),
            field="metrics",
            details={"allowed": list(METRICS)},
            hint=_("Use those of details.allowed, or leave it out for all."),
        )
    return [name for name in METRICS if name in named or not named]


def _checked(
    since: date | None, until: date | None, *, today: date, names: tuple[str, str]
) -> Period:
    try:
        return period_of(since, until, today=today, names=names)
    except PeriodError as error:
        raise InvalidError(
            f"{error.field}: {error}.",
            field=error.field,
            hint=_("Send dates as YYYY-MM-DD, the first one not after the last."),
        ) from error
