"""A tenant that holds many rows of everything a list can show, for suites about size.

`crowd(world, first, last)` adds the rows numbered `first` to `last - 1` of every kind, in bulk; a
row's name is `<kind>-seed-<number>`.
"""

from accounts.models import SystemAuditEvent, Tenant
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.crowd.actions import add_actions, add_spend
from tests.crowd.alerts import add_alerts
from tests.crowd.businesses import add_businesses, add_connections
from tests.crowd.campaigns import add_campaigns, add_tree
from tests.crowd.evidence import add_evidence
from tests.crowd.generations import add_generations
from tests.crowd.hooks import add_webhooks
from tests.crowd.people import add_people
from tests.crowd.policies import add_policies
from tests.crowd.reports import add_reports
from tests.crowd.rows import CHAIN_START
from tests.crowd.rules import add_rules
from tests.world import World


def crowd(world: World, first: int, last: int) -> None:
    """Add the numbered rows of every kind to the world's tenant."""
    numbers = range(first, last)
    Tenant.objects.bulk_create(Tenant(name=f"tenant-seed-{n}", created_at=NOW) for n in numbers)
    SystemAuditEvent.objects.bulk_create(
        SystemAuditEvent(
            chain_seq=CHAIN_START - n,
            prev_hash="0" * 64,
            hash="0" * 64,
            event_type="admin.opened",
            actor_id="user_x",
            occurred_at=NOW,
        )
        for n in numbers
    )
    with tenant_tx(world.cast.tenant.id):
        add_people(world, numbers)
        businesses = add_businesses(world, numbers)
        add_connections(world, numbers, businesses)
        campaigns = add_campaigns(world, numbers)
        add_policies(world, numbers, businesses, campaigns)
        add_tree(world, numbers)
        dispatches = add_actions(world, numbers)
        add_spend(world, campaigns, dispatches)
        add_evidence(world, numbers)
        add_webhooks(world, numbers)
        add_reports(world, numbers)
        add_alerts(world, numbers)
        add_rules(world, numbers)
        add_generations(world, numbers)
