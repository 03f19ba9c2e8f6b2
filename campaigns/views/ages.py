"""Times as distances from now."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def age(moment: datetime, now: datetime) -> str:
    """`5 minutes ago`."""
    if now - moment < MINUTE:
        return _("just now")
    return _("%(time)s ago") % {"time": distance(now - moment)}


def until(moment: datetime, now: datetime) -> str:
    """`2 days left`, or that the time is over."""
    if moment <= now:
        return _("expired")
    return _("%(time)s left") % {"time": distance(moment - now)}


def distance(span: timedelta) -> str:
    """A span in its largest whole unit."""
    if span < HOUR:
        count = max(1, int(span / MINUTE))
        return ngettext("%(n)s minute", "%(n)s minutes", count) % {"n": count}
    if span < 2 * DAY:
        count = int(span / HOUR)
        return ngettext("%(n)s hour", "%(n)s hours", count) % {"n": count}
    count = int(span / DAY)
    return ngettext("%(n)s day", "%(n)s days", count) % {"n": count}
