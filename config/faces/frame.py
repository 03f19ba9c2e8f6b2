"""The frame around every page: where the person is, what waits, whether a kill switch is on."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import DateField, Exists, Model, Q, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from accounts.choice import SESSION_BUSINESS, BusinessItem, offer
from accounts.forms import ROLE_NAMES
from accounts.models import Business, Tenant, User
from campaigns.models import Dispatch, KillSwitch, PendingAction
from core.actors import Actor, Role
from core.clock import now
from core.compiled import compiled
from core.counting import CountRows
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact

COUNT_CAP = 99
# Outlines on a 16 x 16 grid, drawn by components/nav.html.
ICONS = {
    "inbox": "M2 9h3l1.5 2h3L11 9h3M2 9l2-6h8l2 6v4H2z",
    "campaigns": "M3 6.5v3h2.5l5 3v-9l-5 3zM13 6.5v3",
    "creatives": "M2.5 3.5h11v9h-11zM2.5 10.5l3-3 3 3 2-2 3 3M10 6.5v.3",
    "rules": "M2.5 12.5l3.5-4 3 2 4.5-6M10.5 4.5h3v3",
    "analytics": "M2 13.5h12M4 11V8M8 11V3M12 11V6",
    "connections": "M6.5 9.5l3-3M5 7L3.5 8.5a2.8 2.8 0 0 0 4 4L9 11"
    "M11 9l1.5-1.5a2.8 2.8 0 0 0-4-4L7 5",
    "policy": "M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z",
    "audit": "M4 2h6l3 3v9H4zM6.5 7h4M6.5 10h4",
    "keys": "M2.5 8a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0zM7.5 8H14M11.5 8v2.5M14 8v2",
    "apps": "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
    "hooks": "M2 8h7M6.5 5L9.5 8l-3 3M11 3h3v10h-3",
    "team": "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM2 13c0-5 8-5 8 0"
    "M11 3.5a2 2 0 0 1 0 4M12 9.5q2 .5 2 3.5",
    "billing": "M2 4h12v8H2zM2 7h12M4.5 10h3",
    "settings": "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 3v3M6.5 10v3",
    "unknown-outcomes": "M8 2.5l6 11H2zM8 6.5v3M8 11.5v.3",
}
THEMES = ("light", "dark")
NAV: tuple[tuple[str, Promise], ...] = (
    ("inbox", _("Inbox")),
    ("campaigns", _("Campaigns")),
    ("creatives", _("Creatives")),
    ("rules", _("Rules")),
    ("analytics", _("Analytics")),
    ("connections", _("Connections")),
    ("policy", _("Policy")),
    ("audit", _("Audit log")),
    ("keys", _("Keys")),
    ("apps", _("Apps")),
    ("hooks", _("Webhooks")),
    ("team", _("Team")),
    ("billing", _("Billing")),
    ("settings", _("Settings")),
)


@dataclass(frozen=True, slots=True)
class NavItem:
    name: str
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


@dataclass(frozen=True, slots=True)
class State:
    """What waits (as counts with a cap), whether anything is stopped, and the simulated day."""

    waiting: str
    unknown: str
    is_stopped: bool
    simulated_date: date | None


@dataclass(slots=True)
class Frame:
    """What base.html shows around a page; empty but for the theme when nobody is signed in."""

    theme: str = ""
    email: str = ""
    initials: str = ""
    role: str = ""
    shortcuts: bool = False
    stream_url: str = ""
    businesses: tuple[BusinessItem, ...] = ()
    more_businesses: bool = False
    business: BusinessItem | None = None
    simulated_date: date | None = None
    nav: tuple[NavItem, ...] = ()
    killed: tuple[Stop, ...] = ()
    kill_switch_url: str = ""


def build(request: HttpRequest) -> Frame:
    """The frame of this request; two statements whatever the tenant's size, a third to name the
    businesses that a kill switch stopped.
    """
    user = getattr(request, "user", None)  # a mailed link below the REST faces has no session
    frame = Frame(theme=_theme(request))
    if not isinstance(user, User):
        return frame
    frame.email, frame.initials = user.email, _initials(user)
    frame.shortcuts = user.shortcuts_enabled
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return frame
    frame.role = str(ROLE_NAMES[actor.role]) if actor.role else ""
    frame.stream_url = address("stream-pending")
    with tenant_tx(actor.tenant_id, readonly=True):
        offered = offer(request)
        state = _state(actor, offered.chosen)
        if state.is_stopped:
            frame.killed = _stops(actor)
    frame.businesses, frame.more_businesses = offered.items, offered.more
    frame.business, frame.simulated_date = offered.chosen, state.simulated_date
    frame.nav = _nav(request.path, actor.role, state)
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


@cache
def address(name: str) -> str:
    """The URL of a route without arguments; empty where this installation does not mount it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _theme(request: HttpRequest) -> str:
    theme = getattr(getattr(request, "user", None), "theme", "") or request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


def _initials(user: User) -> str:
    letters = f"{user.first_name[:1]}{user.last_name[:1]}".upper()
    return letters or user.email[:2].upper()


def _state(actor: Actor, chosen: BusinessItem | None) -> State:
    limits = _within(actor)
    is_test = chosen is not None and chosen.environment == "test"
    [row] = _states(
        tenant=actor.tenant_id,
        now=now(),
        limits=limits,
        within=limits if chosen is None else (chosen.id,),
        simulated=chosen.id if chosen is not None and is_test else None,
    )
    return State(_capped(row[0]), _capped(row[1]), row[2], row[3])


def _within(actor: Actor) -> tuple[UUID, ...] | None:
    """The businesses a limited membership may see; None for all."""
    return None if actor.business_ids is None else tuple(sorted(actor.business_ids))


@compiled
def _states(
    *,
    tenant: UUID,
    now: datetime,
    limits: tuple[UUID, ...] | None,
    within: tuple[UUID, ...] | None,
    simulated: UUID | None,
) -> QuerySet[Any, Any]:
    """One row: what waits, unknown outcomes, whether a kill switch is on, the newest simulated
    day that delivery was read of.
    """
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    waiting = _of(PendingAction.objects.filter(awake, status="pending"), within)
    unknown = _of(Dispatch.objects.filter(needs_person=True), within)
    days = MetricFact.objects.filter(business_id=simulated).order_by("-day").values("day")
    return Tenant.objects.filter(pk=tenant).values_list(
        CountRows(waiting.values("pk")[: COUNT_CAP + 1]),
        CountRows(unknown.values("pk")[: COUNT_CAP + 1]),
        Exists(_engaged(limits)),
        Value(None, DateField()) if simulated is None else Subquery(days[:1]),
    )


def _engaged(limits: tuple[UUID, ...] | None) -> QuerySet[KillSwitch]:
    rows = KillSwitch.objects.filter(is_engaged=True, business__is_archived=False)
    return _of(rows, limits)


def _of[M: Model](rows: QuerySet[M], business_ids: tuple[UUID, ...] | None) -> QuerySet[M]:
    return rows if business_ids is None else rows.filter(business__id__in=business_ids)


def _stops(actor: Actor) -> tuple[Stop, ...]:
    rows = _engaged(_within(actor)).order_by("engaged_at")
    return tuple(
        Stop(row[0], row[1], f"{address('policy')}?business={encode('biz', row[2])}")
        for row in rows.values_list("business__name", "stop_delivery", "business_id")
    )


def _nav(path: str, role: Role | None, state: State) -> tuple[NavItem, ...]:
    counts = {"inbox": state.waiting}
    items = [
        NavItem(name, url, label, path.startswith(url), counts.get(name, ""), icon)
        for name, url, label, icon in _doors(role, get_language() or "")
    ]
    url = address("unknown-outcomes")
    if url and state.unknown:
        words, icon = gettext("Unknown outcomes"), ICONS["unknown-outcomes"]
        items.insert(1, NavItem("unknown-outcomes", url, words, path == url, state.unknown, icon))
    return tuple(items)


@cache
def _doors(role: Role | None, language: str) -> list[tuple[str, str, str, str]]:
    """Name, address, label and outline of the pages that open for a role."""
    with override(language):
        return [
            (name, address(name), str(label), ICONS[name])
            for name, label in NAV
            if address(name) and _opens_for(role, address(name))
        ]


def _opens_for(role: Role | None, url: str) -> bool:
    """Whether the page at `url` lets a role in."""
    roles = _roles_of(url)
    return not roles or role in roles


@cache
def _roles_of(url: str) -> frozenset[Role]:
    view = resolve(url).func
    page = getattr(view, "routes", {}).get("GET", view)
    return frozenset(getattr(page, "required_roles", ()))


def _capped(found: int) -> str:
    return f"{COUNT_CAP}+" if found > COUNT_CAP else str(found or "")
