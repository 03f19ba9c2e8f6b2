"""Numbers as people read them: the same values that the API prints, with words and signs."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.domain.charts import Chart, Mark, line_chart
from analytics.domain.metrics import METRICS
from core.money import MICROS, display

LABELS: Mapping[str, Promise] = {
    "spend": _("Spend"),
    "impressions": _("Impressions"),
    "clicks": _("Clicks"),
    "conversions": _("Conversions"),
    "conversion_value": _("Revenue"),
    "ctr": _("Click rate (CTR)"),
    "cost_per_conversion": _("Cost per conversion (CPA)"),
    "roas": _("Return on ad spend (ROAS)"),
    "cpc": _("Cost per click"),
    "cpm": _("Cost per 1,000 impressions"),
    "conversion_rate": _("Conversion rate"),
}
# Columns of a report that are no metric.
COLUMNS: Mapping[str, Promise] = {
    "date": _("From"),
    "date_to": _("To"),
    "currency": _("Currency"),
    "is_final": _("Final"),
    "platform": _("Platform"),
    **{f"{name}_id": _("Id") for name in ("business", "ad_account", "campaign", "ad_set", "ad")},
    **{
        f"{name}_name": _("Name") for name in ("business", "ad_account", "campaign", "ad_set", "ad")
    },
}
SHOWN = tuple(LABELS)[:8]
MONEY = frozenset({"spend", "conversion_value", "cost_per_conversion", "cpc", "cpm"})
SHARES = frozenset({"ctr", "conversion_rate"})
NONE = "–"


def shown(name: str, value: float | None, currency: str) -> str:
    """A metric's value with its sign; a dash where there is none."""
    if value is None:
        return NONE
    if name in MONEY:
        return display(round(value * MICROS), currency)
    if name in SHARES:
        return f"{value:.2f} %"
    return f"{value:,.2f}" if name == "roas" else f"{value:,.0f}"


def cell(name: str, value: float | None, currency: str) -> dict[str, Any]:
    """A number for a page: what people read, and the exact value of the API."""
    return {
        "name": name,
        "label": LABELS[name],
        "value": "" if value is None else value,
        "text": shown(name, value, currency),
    }


def tiles(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One currency's numbers (`summary_json`), each with its change against the range before."""
    compared, currency = summary["comparison"], summary["currency"]
    changes = compared["change_percent"] if compared else {}
    return [
        {**cell(name, summary["metrics"][name], currency), "change": _signed(changes.get(name))}
        for name in SHOWN
    ]


def _signed(percent: float | None) -> str:
    return "" if percent is None else f"{percent:+.1f} %"


def cells(metrics: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    """A table's row of numbers."""
    return [cell(name, metrics[name], currency) for name in SHOWN]


def chart_of(series: Mapping[str, Any], name: str) -> tuple[Chart, list[dict[str, Any]]]:
    """The chart of a metric of a `series_json`, and the rows of the table beside it."""
    points, currency = series["points"], series["currency"]
    still_open = [index for index, point in enumerate(points) if not point["is_final"]]
    chart = line_chart(
        [point[name] for point in points],
        [point["date"] for point in points],
        open_from=still_open[0] if still_open and name in _LATE else None,
    )
    rows = [
        {
            "date": point["date"],
            "date_to": point["date_to"],
            "is_final": point["is_final"],
            **cell(name, point[name], currency),
        }
        for point in points
    ]
    return chart, rows


_LATE = frozenset(
    {"conversions", "conversion_value", "conversion_rate", "cost_per_conversion", "roas"}
)


def y_labels(chart: Chart, name: str, currency: str) -> Sequence[tuple[Mark, str]]:
    """The grid's lines with their values in words."""
    return [(mark, shown(name, mark.value, currency)) for mark in chart.y_marks]


def metric_choices() -> list[tuple[str, Promise]]:
    """Metrics that a chart can be drawn of."""
    return [(name, LABELS[name]) for name in LABELS if name in METRICS]
