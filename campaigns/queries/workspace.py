"""What governs several businesses at once: modes, kill switch, ceilings, connections, proposals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count

from accounts.models import Business
from campaigns.models import Authority, Campaign, KillSwitch, SpendCeiling
from campaigns.queries.gate import default_modes
from campaigns.queries.pending import list_pending
from core.actors import Actor
from platforms.models import AdAccount, Connection
from platforms.queries import list_ad_accounts, list_connections


@dataclass(slots=True)
class Governance:
    """One business as an agent has to know it before it proposes anything. `campaigns` counts by
    status; `pending` are the proposals the actor may see.
    """

    modes: dict[str, str]
    is_killed: bool = False
    ceilings: list[SpendCeiling] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    ad_accounts: list[AdAccount] = field(default_factory=list)
    campaigns: dict[str, int] = field(default_factory=dict)
    pending: int = 0


def governance(actor: Actor, businesses: Sequence[Business]) -> dict[UUID, Governance]:
    """How each of the businesses is governed, in seven statements however many there are."""
    found = {row.pk: Governance(default_modes(row.environment)) for row in businesses}
    keys = list(found)
    for mode in Authority.objects.filter(business_id__in=keys, campaign=None, is_current=True):
        found[mode.business_id].modes = {
            "creative": mode.creative,
            "tactical": mode.tactical,
            "structural": mode.structural,
        }
    for key in KillSwitch.objects.filter(business_id__in=keys, is_engaged=True).values_list(
        "business_id", flat=True
    ):
        found[key].is_killed = True
    for ceiling in SpendCeiling.objects.filter(business_id__in=keys, campaign=None).order_by("pk"):
        found[ceiling.business_id].ceilings.append(ceiling)
    for connection in list_connections(actor).filter(business_id__in=keys):
        found[connection.business_id].connections.append(connection)
    for account in list_ad_accounts(actor).filter(business_id__in=keys):
        found[account.business_id].ad_accounts.append(account)
    _count(actor, found)
    return found


def _count(actor: Actor, found: dict[UUID, Governance]) -> None:
    rows = Campaign.objects.filter(business_id__in=found).exclude(status="DELETED").order_by()
    for key, status, count in rows.values_list("business_id", "status").annotate(n=Count("pk")):
        found[key].campaigns[status] = count
    waiting = list_pending(actor).filter(business_id__in=found).order_by()
    for key, count in waiting.values_list("business_id").annotate(n=Count("pk")):
        found[key].pending = count


def tenant_ceilings(environment: str) -> list[SpendCeiling]:
    """The ceilings over all businesses of an environment."""
    rows = SpendCeiling.objects.filter(scope="tenant", environment=environment)
    return list(rows.order_by("currency"))
