"""What a rule looks at, and whether sums of delivery meet it beyond chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from analytics.optimizer.domain.intervals import count_interval, share_interval

MILLION = 1_000_000
HOURS_A_DAY = 24
LONGEST_HOURS = 720
DEFAULT_CERTAINTY = 90


class Metric(StrEnum):
    CTR = "ctr"
    CVR = "cvr"
    CPC = "cpc"
    CPM = "cpm"
    CPA = "cpa"
    ROAS = "roas"
    SPEND = "spend"
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    CONVERSIONS = "conversions"


class Operator(StrEnum):
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"


class Answer(StrEnum):
    """What became of one object under a condition."""

    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    UNCERTAIN = "uncertain"
    SAMPLE_TOO_SMALL = "sample_too_small"
    NO_DATA = "no_data"


# In the currency of the account; all others are pure numbers.
MONEY = frozenset({Metric.CPC, Metric.CPM, Metric.CPA, Metric.SPEND})
COUNTS = frozenset({Metric.IMPRESSIONS, Metric.CLICKS, Metric.CONVERSIONS})
WAITS_FOR_CONVERSIONS = frozenset({Metric.CVR, Metric.CPA, Metric.ROAS, Metric.CONVERSIONS})
# Below these, a rule of a careful person waits: (impressions, clicks).
MINIMUMS: Mapping[Metric, tuple[int, int]] = {
    Metric.CTR: (1000, 0),
    Metric.CPC: (1000, 0),
    Metric.CPM: (1000, 0),
    Metric.CVR: (1000, 100),
    Metric.CPA: (1000, 100),
    Metric.ROAS: (1000, 100),
    Metric.CONVERSIONS: (1000, 100),
    Metric.SPEND: (0, 0),
    Metric.IMPRESSIONS: (0, 0),
    Metric.CLICKS: (0, 0),
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Delivery of one object over a window; money is micros."""

    impressions: int = 0
    clicks: int = 0
    spend_micros: int = 0
    conversions: int = 0
    conversion_value_micros: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            self.spend_micros + other.spend_micros,
            self.conversions + other.conversions,
            self.conversion_value_micros + other.conversion_value_micros,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric with its interval in millionths of the printed unit; `low` and `high` are None for
    what is counted, not estimated. `n` counts the events that the estimate rests on. `at_least`
    marks a cost per event of which there was none yet.
    """

    value: Fraction
    n: int
    low: float | None = None
    high: float | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`value_micros` is the threshold in millionths of the metric's unit (percent, money, number).

    With a certainty the whole interval must lie beyond the threshold; 0 compares the bare value.
    """

    metric: Metric
    operator: Operator
    value_micros: int
    timeframe_hours: int
    certainty: int = DEFAULT_CERTAINTY
    minimum_impressions: int = 0
    minimum_clicks: int = 0

    @property
    def days(self) -> int:
        """Whole days of the ad account's zone."""
        return self.timeframe_hours // HOURS_A_DAY

    @property
    def is_below(self) -> bool:
        return self.operator in (Operator.LT, Operator.LTE)


def read_metric(metric: Metric, sums: Sums, *, certainty: int) -> Reading | None:
    """The metric of these sums; None where its base is empty. A certainty of 0 still prints the
    interval of the default.
    """
    percent = certainty or DEFAULT_CERTAINTY
    if metric in COUNTS:
        events: int = getattr(sums, metric.value)
        return Reading(Fraction(events * MILLION), events)
    if metric is Metric.SPEND:
        return Reading(Fraction(sums.spend_micros), sums.impressions)
    if metric is Metric.CTR:
        return _share(sums.clicks, sums.impressions, percent)
    if metric is Metric.CVR:
        return _share(sums.conversions, sums.clicks, percent)
    if metric is Metric.ROAS:
        return _return(sums, percent)
    spend, events = {
        Metric.CPC: (sums.spend_micros, sums.clicks),
        Metric.CPM: (1000 * sums.spend_micros, sums.impressions),
        Metric.CPA: (sums.spend_micros, sums.conversions),
    }[metric]
    return _cost(spend, events, percent)


def _share(hits: int, tries: int, percent: int) -> Reading | None:
    if not tries:
        return None
    value = Fraction(100 * MILLION * hits, tries)
    if hits <= tries:
        low, high = share_interval(hits, tries, percent)
    else:  # a view can convert without a click
        least, most = count_interval(hits, percent)
        low, high = least / tries, most / tries
    return Reading(value, tries, 100 * MILLION * low, 100 * MILLION * high)


def _cost(spend: int, events: int, percent: int) -> Reading | None:
    if not events and not spend:
        return None
    least, most = count_interval(events, percent)
    low = spend / most
    if not events:
        return Reading(Fraction(spend), 0, low, None, at_least=True)
    return Reading(Fraction(spend, events), events, low, spend / least)


def _return(sums: Sums, percent: int) -> Reading | None:
    if not sums.spend_micros:
        return None
    events = sums.conversions
    value = Fraction(MILLION * sums.conversion_value_micros, sums.spend_micros)
    if not events:
        return Reading(value, 0, float(value), None)
    # Orders differ in worth: their sum varies about as a count of half as many equal ones.
    least, most = count_interval(events / 2, percent)
    scale = float(value) / (events / 2)
    return Reading(value, events, scale * least, scale * most)


def judge(condition: Condition, sums: Sums) -> tuple[Answer, Reading | None]:
    """Whether the sums meet the condition, and the reading it was judged by. What delivered nothing
    is not judged.
    """
    reading = read_metric(condition.metric, sums, certainty=condition.certainty)
    if reading is None or not sums.impressions:
        return Answer.NO_DATA, None
    if sums.impressions < condition.minimum_impressions or sums.clicks < condition.minimum_clicks:
        return Answer.SAMPLE_TOO_SMALL, reading
    if reading.at_least and condition.is_below:
        return Answer.NOT_MATCHED, reading
    if not _holds(condition.operator, reading.value, condition.value_micros):
        return Answer.NOT_MATCHED, reading
    if condition.certainty and not _is_beyond(condition, reading):
        return Answer.UNCERTAIN, reading
    return Answer.MATCHED, reading


def _holds(operator: Operator, value: Fraction, threshold: int) -> bool:
    return {
        Operator.LT: value < threshold,
        Operator.LTE: value <= threshold,
        Operator.GT: value > threshold,
        Operator.GTE: value >= threshold,
    }[operator]


def _is_beyond(condition: Condition, reading: Reading) -> bool:
    if condition.metric in COUNTS or condition.metric is Metric.SPEND:
        return True
    if condition.is_below:
        return reading.high is not None and reading.high < condition.value_micros
    return reading.low is not None and reading.low > condition.value_micros
