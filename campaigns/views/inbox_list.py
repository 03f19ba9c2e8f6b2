"""The inbox's list: filters from the URL and rows ready for the template."""

from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override

from campaigns.domain.words import Axis
from campaigns.queries.inbox_page import ALL, OPEN, SNOOZED, InboxFilters, inbox_page
from campaigns.views.ages import age, until
from campaigns.views.diff import summary
from campaigns.views.words import AXES, KINDS, PENDING_STATUS, RISKS, word
from core.actors import Actor
from core.ids import encode

PAGE = 25
BASE = "/inbox/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(InboxFilters):
    """The filters as the URL carries them."""

    @classmethod
    def from_query(cls, query: QueryDict, *, business: str = "") -> "Filters":
        """Filters of a query string, unknown values dropped; `business` is the top bar's choice,
        which the URL overrides.
        """
        status, risk, axis = query.get("status", OPEN), query.get("risk", ""), query.get("axis", "")
        return cls(
            status=status if status in {*PENDING_STATUS, SNOOZED, ALL} else OPEN,
            risk=risk if risk in RISKS else "",
            axis=axis if axis in set(Axis) else "",
            business=query.get("business", business)[:64],
            proposer=query.get("proposer", "")[:64],
            after=query.get("after", "")[:80],
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the business hides rows."""
        return bool(self.risk or self.axis or self.proposer or self.status != OPEN)

    def query(self, **changes: str) -> str:
        """The query string of these filters, with `changes`; empty for the plain inbox."""
        values = {field.name: getattr(self, field.name) for field in fields(self)} | changes
        kept = {k: v for k, v in values.items() if v and (k, v) != ("status", OPEN)}
        return f"?{urlencode(kept)}" if kept else ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows and the addresses of its neighbours."""

    rows: list[dict[str, Any]]
    older: str
    newest: str


def page_of(actor: Actor, filters: Filters, *, now: datetime) -> Page:
    """The page that `filters.after` points at."""
    rows, after = inbox_page(actor, filters, size=PAGE, now=now)
    query = filters.query()
    older = BASE + filters.query(after=after) if after else ""
    newest = BASE + filters.query(after="") if filters.after else ""
    return Page([_row(row, query, now) for row in rows], older, newest)


@lru_cache(maxsize=512)
def filter_form(
    filters: Filters,
    *,
    people: tuple[tuple[str, str], ...],
    businesses: tuple[tuple[str, str], ...],
    more_businesses: bool,
    language: str,
) -> SafeString:
    """The filter form; kept, because it depends on nothing but its arguments."""
    context = {"filters": filters, "proposers": people, "businesses": businesses, **choices()}
    context["more_businesses"] = more_businesses
    with override(language):
        return render_to_string("campaigns/inbox_filters.html", context)


def choices() -> dict[str, list[tuple[str, str]]]:
    """The options of the filter form."""
    statuses = [(name, str(label)) for name, (label, _tone) in PENDING_STATUS.items()]
    statuses.insert(1, (SNOOZED, _("Snoozed")))
    statuses.append((ALL, _("All")))
    return {
        "status_choices": statuses,
        "risk_choices": [(name, str(label)) for name, label in RISKS.items()],
        "axis_choices": [(name, str(label)) for name, label in AXES.items()],
    }


def _row(row: dict[str, Any], query: str, now: datetime) -> dict[str, Any]:
    change, delta = summary(row["before"], row["after"], currency=row["currency"])
    public_id = encode("pa", row["id"])
    status, tone = PENDING_STATUS[row["status"]]
    is_open = row["status"] == OPEN
    return {
        "id": public_id,
        "url": f"{BASE}{public_id}/{query}",
        "title": word(KINDS, row["command_kind"]),
        "target": row["target_name"],
        "change": change,
        "delta": delta,
        "risk": row["risk"],
        "risk_word": word(RISKS, row["risk"]),
        "proposer": row["proposer_label"] or row["proposer_kind"],
        "age": age(row["created_at"], now),
        "expires": until(row["expires_at"], now) if is_open else "",
        "status": "" if is_open else str(status),
        "tone": tone,
        "open": is_open,
    }
