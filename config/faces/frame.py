"""The frame around every page: where the person is, what waits, whether a kill switch is on."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, User
from campaigns.models import Dispatch, KillSwitch, PendingAction
from core.actors import Actor, Role
from core.clock import now
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact

SESSION_BUSINESS = "business_id"
COUNT_CAP = 99
# Outlines on a 16 x 16 grid, drawn by components/nav.html.
ICONS = {
    "inbox": "M2 9h3l1.5 2h3L11 9h3M2 9l2-6h8l2 6v4H2z",
    "campaigns": "M3 6.5v3h2.5l5 3v-9l-5 3zM13 6.5v3",
    "connections": "M6.5 9.5l3-3M5 7L3.5 8.5a2.8 2.8 0 0 0 4 4L9 11"
    "M11 9l1.5-1.5a2.8 2.8 0 0 0-4-4L7 5",
    "policy": "M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z",
    "audit": "M4 2h6l3 3v9H4zM6.5 7h4M6.5 10h4",
    "keys": "M2.5 8a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0zM7.5 8H14M11.5 8v2.5M14 8v2",
    "team": "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM2 13c0-5 8-5 8 0"
    "M11 3.5a2 2 0 0 1 0 4M12 9.5q2 .5 2 3.5",
    "settings": "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 3v3M6.5 10v3",
    "unknown-outcomes": "M8 2.5l6 11H2zM8 6.5v3M8 11.5v.3",
}
THEMES = ("light", "dark")
NAV: tuple[tuple[str, Promise], ...] = (
    ("inbox", _("Inbox")),
    ("campaigns", _("Campaigns")),
    ("connections", _("Connections")),
    ("policy", _("Policy")),
    ("audit", _("Audit log")),
    ("keys", _("Keys")),
    ("team", _("Team")),
    ("settings", _("Settings")),
)


@dataclass(frozen=True, slots=True)
class BusinessItem:
    """A business as the switcher shows it."""

    id: UUID
    public_id: str
    name: str
    environment: str
    currency: str


@dataclass(frozen=True, slots=True)
class NavItem:
    url: str
    label: str
    current: bool = False
    count: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """An engaged kill switch."""

    name: str
    stop_delivery: bool
    url: str


@dataclass(slots=True)
class Frame:
    """What base.html shows around a page; empty but for the theme when nobody is signed in."""

    theme: str = ""
    email: str = ""
    initials: str = ""
    role: str = ""
    shortcuts: bool = False
    stream_url: str = ""
    businesses: list[BusinessItem] = field(default_factory=list)
    business: BusinessItem | None = None
    simulated_date: date | None = None
    nav: list[NavItem] = field(default_factory=list)
    killed: list[Stop] = field(default_factory=list)
    kill_switch_url: str = ""


def build(request: HttpRequest) -> Frame:
    """The frame of this request; at most five queries whatever the tenant's size."""
    user = request.user
    frame = Frame(theme=_theme(request))
    if not isinstance(user, User):
        return frame
    frame.email, frame.initials = user.email, _initials(user)
    frame.shortcuts = user.shortcuts_enabled
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return frame
    frame.role = str(actor.role or "")
    frame.stream_url = address("stream-pending")
    with tenant_tx(actor.tenant_id, readonly=True):
        frame.businesses = businesses(actor)
        frame.business = chosen_business(request, frame.businesses)
        if frame.business and frame.business.environment == "test":
            frame.simulated_date = _last_day(frame.business.id)
        frame.killed = _stops(frame.businesses)
        scope = [frame.business] if frame.business else frame.businesses
        frame.nav = _nav(request, [item.id for item in scope])
    frame.kill_switch_url = address("policy") + "#kill-switch"
    return frame


def businesses(actor: Actor) -> list[BusinessItem]:
    """The businesses the person may see, by name. Needs the tenant's scope."""
    rows = Business.objects.filter(is_archived=False).order_by("name", "id")
    return [
        BusinessItem(row[0], encode("biz", row[0]), row[1], row[2], row[3])
        for row in rows.values_list("id", "name", "environment", "currency")
        if actor.may_see_business(row[0])
    ]


def chosen_business(request: HttpRequest, items: list[BusinessItem]) -> BusinessItem | None:
    """The business picked in the top bar, if the person may still see it."""
    chosen = request.session.get(SESSION_BUSINESS, "")
    return next((item for item in items if item.public_id == chosen), None)


def _last_day(business_id: UUID) -> date | None:
    """The newest simulated day that delivery was read of."""
    days = MetricFact.objects.filter(business_id=business_id).order_by("-day")
    day: date | None = days.values_list("day", flat=True).first()
    return day


def address(name: str) -> str:
    """The URL of a route without arguments; empty where this installation does not mount it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _theme(request: HttpRequest) -> str:
    theme = getattr(request.user, "theme", "") or request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


def _initials(user: User) -> str:
    letters = f"{user.first_name[:1]}{user.last_name[:1]}".upper()
    return letters or user.email[:2].upper()


def _stops(items: list[BusinessItem]) -> list[Stop]:
    names = {item.id: item for item in items}
    engaged = KillSwitch.objects.filter(is_engaged=True, business_id__in=names)
    return [
        Stop(names[row[0]].name, row[1], f"{address('policy')}?business={names[row[0]].public_id}")
        for row in engaged.order_by("engaged_at").values_list("business_id", "stop_delivery")
    ]


def _nav(request: HttpRequest, business_ids: list[UUID]) -> list[NavItem]:
    items = []
    for name, label in NAV:
        url = address(name)
        if url and _opens_for(request, url):
            count = _pending_count(business_ids) if name == "inbox" else ""
            items.append(NavItem(url, str(label), request.path.startswith(url), count, ICONS[name]))
    url = address("unknown-outcomes")
    unknown = _capped(Dispatch.objects.filter(needs_person=True, business_id__in=business_ids))
    if url and unknown:
        words, icon = gettext("Unknown outcomes"), ICONS["unknown-outcomes"]
        items.insert(1, NavItem(url, words, request.path == url, unknown, icon))
    return items


def _opens_for(request: HttpRequest, url: str) -> bool:
    """Whether the page at `url` lets the person's role in."""
    actor: Actor | None = getattr(request, "actor", None)
    roles = _roles_of(url)
    return not roles or (actor is not None and actor.role in roles)


@cache
def _roles_of(url: str) -> frozenset[Role]:
    view = resolve(url).func
    page = getattr(view, "routes", {}).get("GET", view)
    return frozenset(getattr(page, "required_roles", ()))


def _pending_count(business_ids: list[UUID]) -> str:
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now())
    waiting = PendingAction.objects.filter(awake, status="pending", business_id__in=business_ids)
    return _capped(waiting)


def _capped(rows: QuerySet[Any]) -> str:
    found = rows[: COUNT_CAP + 1].count()
    return f"{COUNT_CAP}+" if found > COUNT_CAP else str(found or "")
