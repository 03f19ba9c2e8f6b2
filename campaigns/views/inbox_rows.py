"""The rows of the inbox as HTML. Written in Python because the list is the hottest page: the same
rows through the template engine cost ten times as much.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe


def rows_html(rows: Sequence[Mapping[str, Any]], open_id: str) -> SafeString:
    """List items of the inbox; every value is escaped here."""
    html = "".join(_row(row, is_open=row["id"] == open_id) for row in rows)
    return mark_safe(html)  # noqa: S308 - `_row` escapes each value


def _row(row: Mapping[str, Any], *, is_open: bool) -> str:
    text = {key: escape(value) if isinstance(value, str) else value for key, value in row.items()}
    box = (
        f'<input type="checkbox" class="tick" name="chosen" value="{text["id"]}" '
        f'aria-label="{text["title"]}, {text["target"]}">'
    )
    current = ' aria-current="true"' if is_open else ""
    return (
        f'<li class="inbox-row" data-row>{box if row["open"] else ""}'
        '<div class="min-w-0 flex-1 flex flex-col gap-1">'
        '<div class="flex items-baseline justify-between gap-2">'
        f'<a id="row-{text["id"]}" href="{text["url"]}" hx-get="{text["url"]}" '
        'hx-target="#detail" hx-swap="innerHTML" hx-push-url="true" '
        f'class="truncate"{current}>{text["title"]}</a>'
        f'<span class="risk risk-{text["risk"]}">{text["risk_word"]}</span></div>'
        f'<div class="truncate">{text["target"]}</div>{_change(text)}'
        '<div class="text-xs text-muted flex items-baseline gap-2">'
        f'<span class="truncate">{text["proposer"]} · {text["age"]}</span>{_end(text)}'
        "</div></div></li>"
    )


def _change(text: Mapping[str, Any]) -> str:
    if not text["change"]:
        return ""
    delta = f'<span class="shrink-0 font-medium">{text["delta"]}</span>' if text["delta"] else ""
    return (
        '<div class="num flex items-baseline justify-between gap-2">'
        f'<span class="truncate">{text["change"]}</span>{delta}</div>'
    )


def _end(text: Mapping[str, Any]) -> str:
    if text["status"]:
        return f'<span class="tag tag-{text["tone"]} ms-auto">{text["status"]}</span>'
    return f'<span class="ms-auto shrink-0">{text["expires"]}</span>'
