"""The audit log: who did what, filtered from the URL, by keyset."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from accounts.choice import offer_for
from accounts.models import ApiKey, AuditDetail, AuditEvent, Business, User
from accounts.web import PersonRequest, signed_in
from campaigns.models import Ad, AdSet, PendingAction
from campaigns.views.diff import DiffRow, diff_rows
from campaigns.views.words import ACTORS, CHANNELS, word
from config.faces.audit_presenters import PRESENTERS, name_of, remarks, sentence
from core.actors import Actor
from core.cursors import read_position
from core.errors import NotFoundError
from core.ids import decode, encode
from core.pages import render_page
from core.tenancy import tenant_tx

PAGE = 50
NAMES = ("type", "actor", "target", "business", "channel")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows ready for the template and the address of the older ones."""

    rows: list[dict[str, Any]]
    older: str
    newest: str


@signed_in()
@require_safe
def audit(request: PersonRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "")[:64] for name in (*NAMES, "after")}
    with tenant_tx(request.actor.tenant_id, readonly=True):
        page = _page(request.actor, chosen)
        offered = offer_for(request, chosen["business"])
    context = {"page": page, "chosen": chosen, "types": _types(), "channels": CHANNELS.items()}
    context["offered"] = offered
    context["narrowed"] = any(chosen[name] for name in NAMES)
    partial = "rows" if request.htmx and request.htmx.target == "history-rows" else ""
    return render_page(request, "config/audit.html", context, partial=partial)


def _types() -> list[tuple[str, str]]:
    """Event types by what they are called."""
    return sorted(((name, capfirst(sentence(name))) for name in PRESENTERS), key=itemgetter(1))


def _page(actor: Actor, chosen: dict[str, str]) -> Page:
    rows = _beyond(_matching(actor, chosen), chosen["after"])
    found = list(rows.order_by("-occurred_at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    older = ""
    if len(found) > PAGE:
        older = _address(chosen, after=f"{shown[-1].occurred_at.isoformat()}_{shown[-1].pk.hex}")
    newest = _address(chosen, after="") if chosen["after"] else ""
    return Page(_rows(shown), older, newest)


def _address(chosen: dict[str, str], **changes: str) -> str:
    kept = {name: value for name, value in (chosen | changes).items() if value}
    return f"/audit/?{urlencode(kept)}" if kept else "/audit/"


def _matching(actor: Actor, chosen: dict[str, str]) -> QuerySet[AuditEvent]:
    rows: QuerySet[AuditEvent] = AuditEvent.objects.all()
    if actor.business_ids is not None:
        rows = rows.filter(Q(business_id=None) | Q(business_id__in=actor.business_ids))
    if chosen["type"]:
        rows = rows.filter(event_type=chosen["type"])
    if chosen["actor"]:
        rows = rows.filter(actor_id=chosen["actor"])
    if chosen["channel"]:
        rows = rows.filter(channel=chosen["channel"])
    if chosen["business"]:
        rows = rows.filter(business_id=_id("biz", chosen["business"]))
    if chosen["target"]:
        rows = rows.filter(target_id__in=_family(chosen["target"]))
    return rows


def _id(prefix: str, text: str) -> UUID | None:
    try:
        return decode(prefix, text)
    except NotFoundError:
        return None


def _family(target: str) -> list[str]:
    """A campaign's history is its own and that of its ad sets, ads and proposals."""
    campaign_id = _id("camp", target) if target.startswith("camp_") else None
    if campaign_id is None:
        return [target]
    parts = (("aset", AdSet.objects), ("ad", Ad.objects), ("pa", PendingAction.objects))
    ids = [target]
    for prefix, rows in parts:
        found = rows.filter(campaign_id=campaign_id).order_by("-created_at")
        ids += [encode(prefix, pk) for pk in found.values_list("id", flat=True)[:200]]
    return ids


def _beyond(rows: QuerySet[AuditEvent], cursor: str) -> QuerySet[AuditEvent]:
    position = read_position(cursor)
    if position is None:
        return rows
    moment, last = position
    older = Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=last)
    page: QuerySet[AuditEvent] = rows.filter(older, occurred_at__lte=moment)
    return page


def _rows(events: list[AuditEvent]) -> list[dict[str, Any]]:
    details = AuditDetail.objects.filter(event_id__in=[event.pk for event in events])
    data = {detail.event_id: detail.data for detail in details}
    actors = _actors({event.actor_id for event in events})
    names = {event.business_id for event in events if event.business_id}
    found = Business.objects.filter(pk__in=names).values_list("id", "name", "currency")
    businesses = {pk: (name, currency) for pk, name, currency in found}
    return [
        _row(event, data.get(event.pk, {}), actors=actors, businesses=businesses)
        for event in events
    ]


def _actors(ids: set[str]) -> dict[str, str]:
    """Names of people and keys by public id, one statement each."""
    users = {pk: text for text in ids if text.startswith("user_") and (pk := _id("user", text))}
    keys = {pk: text for text in ids if text.startswith("key_") and (pk := _id("key", text))}
    found = {users[user.pk]: user.full_name for user in User.objects.filter(pk__in=users)}
    found |= {keys[key.pk]: key.name for key in ApiKey.objects.filter(pk__in=keys)}
    return found


def _row(
    event: AuditEvent,
    detail: dict[str, Any],
    *,
    actors: dict[str, str],
    businesses: dict[UUID, tuple[str, str]],
) -> dict[str, Any]:
    before, after = detail.get("before"), detail.get("after")
    changes: list[DiffRow] = []
    owner = event.business_id
    business, priced_in = businesses.get(owner, ("", "")) if owner else ("", "")
    currency = str(detail.get("currency") or event.facts.get("currency") or priced_in)
    if isinstance(before, dict) and isinstance(after, dict):
        changes = diff_rows(before, after, currency=currency)
    return {
        "id": encode("aud", event.pk),
        "seq": event.chain_seq,
        "at": event.occurred_at,
        "who": actors.get(event.actor_id) or word(ACTORS, event.actor_kind),
        "kind": word(ACTORS, event.actor_kind),
        "actor_id": event.actor_id,
        "channel": word(CHANNELS, event.channel),
        "did": sentence(event.event_type),
        "type": event.event_type,
        "name": name_of(detail),
        "target_id": event.target_id,
        "business": business,
        "verdict": event.verdict_id,
        "request": event.request_id,
        "hash": event.hash[:12],
        "changes": changes,
        "remarks": remarks(event.facts, detail),
    }
