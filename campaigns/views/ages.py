"""Times as distances from now."""

from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def age(moment: datetime, now: datetime) -> str:
    """`5 minutes ago`."""
    if now - moment < MINUTE:
        return _("just now")
    return _said(*_largest(now - moment), is_past=True, language=get_language() or "")


def until(moment: datetime, now: datetime) -> str:
    """`2 days left`, or that the time is over."""
    if moment <= now:
        return _("expired")
    return _said(*_nearest(moment - now), is_past=False, language=get_language() or "")


def _largest(span: timedelta) -> tuple[timedelta, int]:
    """A span as its largest whole unit and how many of them; up to two days in hours."""
    if span < HOUR:
        return MINUTE, max(1, span // MINUTE)
    unit = HOUR if span < 2 * DAY else DAY
    return unit, span // unit


def _nearest(span: timedelta) -> tuple[timedelta, int]:
    """Like `_largest`, rounded: an hour has passed of 72 h only once it has."""
    for unit in (MINUTE, HOUR, DAY):
        rounded = (span + unit / 2) // unit * unit
        found, count = _largest(rounded)
        if found == unit:
            return found, max(1, count)
    return DAY, (span + DAY / 2) // DAY


@lru_cache(maxsize=1024)
def _said(unit: timedelta, count: int, *, is_past: bool, language: str) -> str:
    with override(language):
        if unit == MINUTE:
            distance = ngettext("%(n)s minute", "%(n)s minutes", count) % {"n": count}
        elif unit == HOUR:
            distance = ngettext("%(n)s hour", "%(n)s hours", count) % {"n": count}
        else:
            distance = ngettext("%(n)s day", "%(n)s days", count) % {"n": count}
        text = _("%(time)s ago") if is_past else _("%(time)s left")
        return text % {"time": distance}
