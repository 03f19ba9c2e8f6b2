"""The virtual clock moves, and with it what the market delivers: database to market and back."""

from datetime import UTC, datetime, timedelta

from platforms.simulator import store
from platforms.simulator.account_run import AccountRun
from platforms.simulator.models import AD, AdAccount, Node


def advance(hours: float) -> datetime:
    """Move the clock and deliver every hour that has fully passed; returns the new time."""
    with store.writing():
        world = store.world()
        target = world.now + timedelta(hours=hours)
        until = target.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if until > world.delivered_until:
            _deliver(world.seed, world.delivered_until, until)
        until = max(until, world.delivered_until)
        return store.move(now=target, delivered_until=until).now


def _deliver(seed: int, since: datetime, until: datetime) -> None:
    spending = Node.objects.filter(kind=AD, status="ACTIVE", account__status=1)
    for account in AdAccount.objects.filter(pk__in=spending.values("account_id")).order_by("pk"):
        run = AccountRun.load(account, seed=seed, since=since, until=until)
        if run is not None:
            run.deliver()
            run.store()
