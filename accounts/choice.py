"""The businesses a page offers for choosing, and the one the person works in."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Business
from core.actors import Actor
from core.compiled import compiled
from core.errors import NotFoundError
from core.ids import decode, encode

SESSION_BUSINESS = "business_id"
OFFERED = 20


@dataclass(frozen=True, slots=True)
class BusinessItem:
    """A business as the switcher and the drop-downs show it."""

    id: UUID
    public_id: str
    name: str
    environment: str
    currency: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The first businesses by name and the chosen one; `more` where there are others."""

    items: tuple[BusinessItem, ...]
    chosen: BusinessItem | None
    more: bool

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Public ids and names, for a drop-down."""
        return tuple((item.public_id, item.name) for item in self.items)


def offer(request: Any) -> Offer:
    """What to offer to the person of this request; read once. Needs the tenant's scope."""
    chosen = request.session.get(SESSION_BUSINESS, "")
    kept: dict[str, Offer] = request.__dict__.setdefault("_offers", {})
    if chosen not in kept:
        kept[chosen] = offer_with(request.actor, chosen)
    return kept[chosen]


def offer_for(request: Any, public_id: str) -> Offer:
    """What a filter offers that narrows to one business: its own among them. Needs the scope."""
    usual = offer(request)
    is_there = not public_id or any(item.public_id == public_id for item in usual.items)
    return usual if is_there else offer_with(request.actor, public_id)


def choice(request: Any, public_id: str = "") -> Offer:
    """What a page about one business offers. Chosen is the named business, else the top bar's,
    else the first; None where there is none. Needs the scope.
    """
    offered = offer_for(request, public_id)
    item = next((item for item in offered.items if item.public_id == public_id), None)
    if item is None:
        offered = offer(request)
        item = offered.chosen or next(iter(offered.items), None)
    return replace(offered, chosen=item)


def offer_with(actor: Actor, public_id: str, *, most: int = OFFERED) -> Offer:
    """The first `most` businesses by name, and the one with `public_id` wherever it stands, if
    the person may see it. One statement; needs the tenant's scope.
    """
    try:
        wanted = decode("biz", public_id) if public_id else None
    except NotFoundError:
        wanted = None
    limits = actor.business_ids
    within = None if limits is None else tuple(sorted(limits))
    rows = _offered(wanted=wanted, within=within, most=most + 1)
    items = [BusinessItem(row[0], encode("biz", row[0]), *row[1:]) for row in rows]
    chosen = next((item for item in items if item.id == wanted), None)
    shown = items[:most]
    if chosen is not None and chosen not in shown:
        shown.append(chosen)
    return Offer(tuple(shown), chosen, len(items) > most)


@compiled
def _offered(
    *, wanted: UUID | None, within: tuple[UUID, ...] | None, most: int
) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = Business.objects.filter(is_archived=False)
    if within is not None:
        rows = rows.filter(pk__in=within)
    by_name = rows.order_by("name", "id")
    if wanted is not None:
        first = by_name.values("pk")[:most]
        by_name = by_name.filter(Q(pk__in=first) | Q(pk=wanted))
    else:
        by_name = by_name[:most]
    return by_name.values_list("id", "name", "environment", "currency")
