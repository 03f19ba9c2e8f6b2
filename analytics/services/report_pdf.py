"""A table as a PDF: what it is of, totals, a chart for each currency, the rows.

The renderer is an extra that needs pango and takes seconds to load, so only whoever makes a PDF
imports it.
"""

from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from PIL import ImageFile

from analytics.domain.charts import line_chart
from analytics.domain.metrics import AMOUNTS, COUNTS, METRICS
from analytics.domain.periods import Period
from analytics.domain.tables import MOST_PDF_ROWS, Cell, Table, TooLargeError
from analytics.presenters import people
from core.errors import InvalidError

EXTRA = "weasyprint"
_CHARTED = ("spend", *COUNTS, *AMOUNTS)


class PdfUnavailableError(InvalidError):
    """There is no renderer on this installation."""

    code = "format_unavailable"

    def __init__(self) -> None:
        super().__init__(
            _("This installation makes no PDF: its optional part `pdf` is not installed."),
            field="format",
            details={"allowed": ["json", "csv", "xlsx"]},
            hint=_(
                "Choose json, csv or xlsx, or ask the operator to install adamant[pdf] and pango."
            ),
        )


def is_available() -> bool:
    """Whether the renderer is installed; loads nothing."""
    return find_spec(EXTRA) is not None


def write_pdf(table: Table) -> bytes:
    """The PDF. Raises TooLargeError, and PdfUnavailableError where the renderer or its libraries
    are missing.
    """
    if len(table.rows) > MOST_PDF_ROWS:
        raise TooLargeError
    context = {
        "said": table.said,
        "labels": [_label(name) for name in table.columns],
        "rows": _texts(table.columns, table.rows),
        "total_labels": [_label(name) for name in table.total_columns],
        "totals": _texts(table.total_columns, table.totals),
        "charts": list(_charts(table)),
        "time_zones": ", ".join(table.said["time_zones"]),
    }
    return rendered(render_to_string("analytics/report.html", context))


def rendered(html: str) -> bytes:
    """The document as PDF. Nothing that it names is fetched but `data:`."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:  # not installed, or without pango
        raise PdfUnavailableError from error
    # Its import makes Pillow take broken images, in the whole process: ours are checked with it.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    document = HTML(string=html, url_fetcher=fetcher)
    made: bytes = document.write_pdf(stylesheets=[CSS(string=STYLE, url_fetcher=fetcher)])
    return made


def _label(column: str) -> str:
    label = people.LABELS.get(column) or people.COLUMNS.get(column)
    return str(label or column)


def _texts(columns: Any, rows: list[list[Cell]]) -> list[list[tuple[str, bool]]]:
    """Each cell as people read it, and whether it is a number."""
    found = []
    for row in rows:
        said: dict[str, Any] = dict(zip(columns, row, strict=True))
        found.append([(_text(name, said), name in METRICS) for name in columns])
    return found


def _text(name: str, said: dict[str, Any]) -> str:
    value = said[name]
    if name in METRICS:
        return people.shown(name, value, said["currency"])
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return people.NONE if value is None else str(value)


def _charts(table: Table) -> Iterator[dict[str, Any]]:
    """One for each currency, of the first metric that adds up; none for a total of the range."""
    name = next((one for one in _CHARTED if one in table.columns), "")
    if "date" not in table.columns or not name:
        return
    sums: dict[str, dict[str, float]] = {}
    for row in table.rows:
        said: dict[str, Any] = dict(zip(table.columns, row, strict=True))
        days = sums.setdefault(said["currency"], {})
        days[said["date"]] = days.get(said["date"], 0) + said[name]
    for currency, days in sorted(sums.items()):
        pieces = _pieces(table, last=max(days))
        chart = line_chart([days.get(day, 0) for day in pieces], pieces)
        yield {
            "chart": chart,
            "y_labels": people.y_labels(chart, name, currency),
            "id": f"chart-{currency}",
            "title": f"{people.LABELS[name]}, {currency}",
        }


def _pieces(table: Table, *, last: str) -> list[str]:
    """The first days of the range's days or weeks, until the last one that delivered."""
    whole = Period(
        date.fromisoformat(table.said["date_from"]), date.fromisoformat(table.said["date_to"])
    )
    starts = (piece.since.isoformat() for piece in whole.pieces(table.said["interval"]))
    return [start for start in starts if start <= last]


STYLE = """
@page { size: A4 landscape; margin: 14mm 12mm; @bottom-right { content: counter(page) " / "
  counter(pages); font-size: 8pt; color: #5b6270; } }
body { font-family: sans-serif; font-size: 8pt; color: #1f2430; }
h1 { font-size: 16pt; margin: 0 0 2mm; }
h2 { font-size: 11pt; margin: 6mm 0 2mm; }
p { margin: 0 0 2mm; color: #5b6270; }
table { width: 100%; table-layout: fixed; border-spacing: 0; }
th, td { text-align: left; padding: 1mm 1.5mm; border-bottom: 0.2mm solid #d5d9e0;
  overflow-wrap: anywhere; }
th { color: #5b6270; font-weight: normal; vertical-align: bottom; }
.end { text-align: right; font-variant-numeric: tabular-nums; }

svg { width: 100%; height: 62mm; }
.text-primary { color: #1c4f86; }
.text-muted { color: #5b6270; }
section { break-inside: avoid; }
"""
