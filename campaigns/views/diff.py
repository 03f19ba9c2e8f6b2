"""Before and after of a change as rows a person can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns.views.words import FIELDS, readable, word
from core.money import display

HIDDEN = frozenset({"currency", "version", "schema_version", "content_digest"})
CONTAINERS = frozenset({"targeting", "creative"})  # what is in them is named well enough alone
CODES = frozenset(
    {"status", "objective", "budget_type", "platforms", "call_to_action", "strategy", "frequency"}
)
DAYS = frozenset({"start_date", "end_date"})
EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One field: as the proposer saw it, as it is now, as proposed, and what that changes."""

    label: str
    was: str
    now: str
    proposed: str
    delta: str = ""
    tone: str = ""
    moved: bool = False


def diff_rows(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    currency: str,
    current: Mapping[str, Any] | None = None,
) -> list[DiffRow]:
    """Rows of every field that `after` changes, nested objects flattened to dotted names.

    `current` is the platform's value at the last read; without it "now" repeats "was".
    """
    old, new = _flat(before), _flat(after)
    seen = _flat(current) if current else old
    return [
        _row(
            name,
            was=old.get(name),
            now=seen.get(name, old.get(name)),
            value=new[name],
            money=currency,
        )
        for name in _changed(old, new)
    ]


def summary(
    before: Mapping[str, Any], after: Mapping[str, Any], *, currency: str
) -> tuple[str, str]:
    """The first changed field in one line, and its difference."""
    old, new = _flat(before), _flat(after)
    names = _changed(old, new)
    if not names:
        return "", ""
    was, value = old.get(names[0]), new[names[0]]
    row = _row(names[0], was=was, now=was, value=value, money=currency)
    more = _(" and %(count)s more") % {"count": len(names) - 1} if len(names) > 1 else ""
    if not row.was or more:
        return f"{row.label}: {row.proposed}{more}", row.delta
    return f"{row.was} → {row.proposed}{more}", row.delta


def percent(before: int, after: int) -> str:
    """`+20 %`; empty where there is nothing to compare with."""
    if before <= 0:
        return ""
    change = (after - before) * 100 / before
    return f"{change:+.0f} %".replace("-", "−")


def signed(micros: int, currency: str) -> str:
    """`+$10.00` or `−$10.00`: the sign is a word of its own, not a colour."""
    sign = "+" if micros > 0 else "−" if micros < 0 else "±"
    return f"{sign}{display(abs(micros), currency)}"


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name in new
        if name not in HIDDEN
        and new[name] != old.get(name)
        and not (new[name] in EMPTY and old.get(name) in EMPTY)
    ]


def _row(name: str, *, was: Any, now: Any, value: Any, money: str) -> DiffRow:
    parts = name.split(".")
    label = " · ".join(
        word(FIELDS, part) for part in parts if part not in CONTAINERS or part == parts[-1]
    )
    texts = [_text(name, item, money) for item in (was, now, value)]
    delta = tone = ""
    if name.endswith("_micros") and isinstance(was, int) and isinstance(value, int):
        change = percent(was, value)
        delta = f"{signed(value - was, money)}{f' ({change})' if change else ''}"
        tone = "rise" if value > was else "fall"
    elif isinstance(value, list) and isinstance(was, list):
        delta = _list_change(was, value)
    return DiffRow(label, texts[0], texts[1], texts[2], delta, tone, moved=texts[0] != texts[1])


def _list_change(was: list[Any], value: list[Any]) -> str:
    added = [f"+ {_item(item)}" for item in value if item not in was]
    gone = [f"− {_item(item)}" for item in was if item not in value]
    return ", ".join(added + gone)


def _text(name: str, value: Any, money: str) -> str:
    if value in EMPTY:
        return ""
    field = name.rpartition(".")[2]
    if field in CODES:
        items = value if isinstance(value, list) else [value]
        return ", ".join(readable(str(item)) for item in items)
    if field in DAYS:
        return _day(str(value))
    if name.endswith("_micros") and isinstance(value, int):
        return display(value, money) if money else str(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_item(item) for item in value)
    return str(value)


def _day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text[:10]), "j M Y")
    except ValueError:
        return text


def _item(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("value") or ", ".join(map(str, value.values())))
    return str(value)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            flat.update(_flat(item, f"{prefix}{key}."))
        elif isinstance(item, list) and item and all(isinstance(one, Mapping) for one in item):
            flat.update(_numbered(item, f"{prefix}{key}"))
        else:
            flat[f"{prefix}{key}"] = item
    return flat


def _numbered(items: list[Mapping[str, Any]], prefix: str) -> dict[str, Any]:
    """Objects with content of their own, one after the other; a list of places stays one row."""
    if any("name" not in item for item in items):
        return {prefix: items}
    flat: dict[str, Any] = {}
    for number, item in enumerate(items, 1):
        flat.update(_flat(item, f"{prefix}.{number}."))
    return flat
