"""A report's numbers as a table, before it is a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 20_000
MOST_PDF_ROWS = 500  # laying out a page takes a second
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | bool | None


class TooLargeError(ValueError):
    """More rows than a report holds."""


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` and `totals` hold a cell for each of their columns; `said` is what was asked for."""

    said: dict[str, Any]
    columns: Sequence[str]
    rows: list[list[Cell]]
    total_columns: Sequence[str]
    totals: list[list[Cell]]


def safe_text(cell: Cell) -> Cell:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell
