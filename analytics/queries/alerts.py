"""Which alerts and alert rules a credential may see, and the days that a rule looks at."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from analytics.domain.alerts import HISTORY_DAYS, SETTLING_DAYS, Until
from analytics.models import Alert, AlertRule
from analytics.optimizer.domain.conditions import Sums
from analytics.queries.reach import Reach, open_reach
from campaigns.models import Campaign
from campaigns.queries import visible
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup
from platforms.metrics.queries import sums_of
from platforms.models import AdAccount

ALERT_RULES_DUE = Lookup(
    "alert_rules_due",
    sql="""
    SELECT tenant_id, id FROM analytics_alertrule
    WHERE is_active AND next_evaluation_at <= :now
    ORDER BY next_evaluation_at, id LIMIT 500""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "id": "uuid"},
)
# Platforms go on counting a day that has ended; the slowest says it settles within six hours.
COUNTED_AFTER = timedelta(hours=6)
STALE_DAYS = 3
GONE = ("ARCHIVED", "DELETED")
ENDED = ("expired", "revoked", "disconnected")


def list_alert_rules(actor: Actor) -> QuerySet[AlertRule]:
    """The alert rules the credential may see, newest first."""
    return visible(AlertRule.objects.all(), actor).order_by("-created_at", "-id")


def get_alert_rule(actor: Actor, public_id: str, *, lock: bool = False) -> AlertRule:
    """One rule; missing and foreign raise the same NotFoundError. `lock` holds its row."""
    rows = visible(AlertRule.objects.all(), actor)
    if lock:
        rows = rows.select_for_update(no_key=True)
    found: AlertRule | None = rows.filter(pk=decode("alr", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_alerts(actor: Actor) -> QuerySet[Alert]:
    """The alerts the credential may see, newest first."""
    return visible(Alert.objects.all(), actor).order_by("-created_at", "-id")


@dataclass(frozen=True, slots=True)
class Days:
    """What a rule looks at: sums by day, and the last day of each kind; None where the ad accounts
    have not been read for days, or nothing was ever delivered.
    """

    sums: dict[date, Sums]
    last: dict[Until, date | None]

    def over(self, since: date, until: date) -> Sums:
        """The sums of some of its days, both bounds included."""
        found = [sums for day, sums in self.sums.items() if since <= day <= until]
        return sum(found, Sums())


def days_of(rule: AlertRule, *, now: datetime) -> Days:
    """The days of the rule's business or campaign in its currency, as far back as it may look. An
    ad account that is no longer connected is left out with all its days: nobody reads its end.
    """
    reach = open_reach(rule.environment, business_id=rule.business_id, limits=None)
    today = reach.today(now)
    first = today - timedelta(days=HISTORY_DAYS + settings.METRICS_LATE_DAYS + STALE_DAYS + 2)
    facts = reach.facts(first, today, campaign_id=rule.campaign_id)
    accounts_read = AdAccount.objects.filter(business_id=rule.business_id).exclude(
        connection__status__in=ENDED
    )
    rows = facts.rows().filter(currency=rule.currency, ad_account_id__in=accounts_read.values("pk"))
    accounts = set(rows.order_by().values_list("ad_account_id", flat=True).distinct())
    names = Sums.__dataclass_fields__
    sums = {
        row["day"]: Sums(**{name: row[name] for name in names})
        for row in sums_of(rows, "currency", "day")
        if row["impressions"] or row["spend_micros"]
    }
    return Days(sums, _last_days(reach, accounts, now=now))


def _last_days(
    reach: Reach, accounts: Collection[UUID], *, now: datetime
) -> dict[Until, date | None]:
    """By the ad account that waits longest to be read; the running day by the one read last."""
    nothing: dict[Until, date | None] = dict.fromkeys(Until)
    running, complete, final = [], [], []
    for key in accounts:
        zone = reach.zones.get(key)
        if zone is None or zone.synced_at is None or zone.final_until is None:
            return nothing
        last = zone.day_at(zone.synced_at - COUNTED_AFTER) - timedelta(days=1)
        if (zone.day_at(now) - last).days > STALE_DAYS:
            return nothing
        running.append(zone.day_at(zone.synced_at))
        complete.append(last)
        final.append(zone.final_until)
    if not complete:
        return nothing
    return {
        Until.RUNNING: max(running),
        Until.COMPLETE: min(complete),
        Until.SETTLED: min(final),
    }


def settled_for_threshold(days: Days) -> date | None:
    """The last day on which a threshold may wait for conversions: not until the last one of them,
    which is a month, but until most of them.
    """
    complete = days.last[Until.COMPLETE]
    return complete and complete - timedelta(days=SETTLING_DAYS)


def is_running(rule: AlertRule) -> bool:
    """Whether something that the rule watches is meant to deliver."""
    rows = Campaign.objects.filter(business_id=rule.business_id, status="ACTIVE")
    if rule.campaign_id is not None:
        rows = rows.filter(pk=rule.campaign_id)
    return bool(rows.exists())
