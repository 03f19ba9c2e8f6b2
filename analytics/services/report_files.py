"""A table as JSON, CSV, an Excel workbook or a PDF."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import xlsxwriter

from analytics.domain.tables import Cell, Table, safe_text
from analytics.services.report_pdf import write_pdf


@dataclass(frozen=True, slots=True)
class Format:
    """How a kind of file is written, and what it is called on the wire."""

    media_type: str
    write: Callable[[Table], bytes]


def write_file(name: str, table: Table) -> bytes:
    """The table in a format of FORMATS."""
    return FORMATS[name].write(table)


def _json(table: Table) -> bytes:
    def objects(columns: Sequence[str], rows: list[list[Cell]]) -> list[dict[str, Cell]]:
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return orjson.dumps(
        {
            "report": table.said,
            "totals": objects(table.total_columns, table.totals),
            "rows": objects(table.columns, table.rows),
        }
    )


def _csv(table: Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([safe_text(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode()


def _xlsx(table: Table) -> bytes:
    out = io.BytesIO()
    # Texts stay texts: neither formulas nor links nor numbers are read out of them.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        for name, columns, rows in (
            ("Rows", table.columns, table.rows),
            ("Totals", table.total_columns, table.totals),
        ):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, columns, bold)
            for number, row in enumerate(rows, start=1):
                sheet.write_row(number, 0, [safe_text(cell) for cell in row])
        about = book.add_worksheet("About")
        for number, (key, value) in enumerate(table.said.items()):
            shown = ", ".join(value) if isinstance(value, list) else value
            about.write_row(number, 0, [key, safe_text(shown)])
    return out.getvalue()


FORMATS: Mapping[str, Format] = {
    "json": Format("application/json", _json),
    "csv": Format("text/csv; charset=utf-8", _csv),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "pdf": Format("application/pdf", write_pdf),
}
