"""Reads of rules and of what they look at."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import ApiKey, User
from analytics.optimizer.domain.conditions import Sums
from analytics.optimizer.models import Rule, RuleFiring, StoredSuggestion
from campaigns.models import Ad, AdSet, Campaign
from campaigns.queries import visible
from core.actors import Actor
from core.clock import platform_now
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup
from platforms.metrics.queries import Totals, daily_totals, totals_of
from platforms.models import AdAccount

RULES_DUE = Lookup(
    "optimizer_rules_due",
    sql="""
    SELECT tenant_id, id FROM optimizer_rule
    WHERE is_active AND next_evaluation_at <= :now
    ORDER BY next_evaluation_at, id LIMIT 500""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "id": "uuid"},
)
MOST_CAMPAIGNS = 200
GONE = ("ARCHIVED", "DELETED")


def list_rules(actor: Actor) -> QuerySet[Rule]:
    """The rules the credential may see, newest first."""
    return visible(Rule.objects.all(), actor).order_by("-created_at", "-id")


def get_rule(actor: Actor, public_id: str, *, lock: bool = False) -> Rule:
    """One rule; missing and foreign raise the same NotFoundError. `lock` holds its row."""
    rows = visible(Rule.objects.all(), actor)
    if lock:
        rows = rows.select_for_update(no_key=True)
    found: Rule | None = rows.filter(pk=decode("rule", public_id)).first()
    if found is None:
        raise NotFoundError
    return found


def list_firings(rule: Rule) -> QuerySet[RuleFiring]:
    """What a rule did, newest first."""
    rows: QuerySet[RuleFiring] = RuleFiring.objects.filter(rule=rule)
    return rows.order_by("-created_at", "-id")


def campaign_choices(actor: Actor, business_id: UUID) -> list[tuple[UUID, str]]:
    """Ids and names of a business's campaigns, the newest first, at most MOST_CAMPAIGNS."""
    rows = visible(Campaign.objects.filter(business_id=business_id), actor)
    found = rows.exclude(status__in=GONE).order_by("-created_at", "-id")
    return list(found.values_list("pk", "name")[:MOST_CAMPAIGNS])


def names_of(firings: Sequence[RuleFiring]) -> dict[UUID, str]:
    """What the objects of these firings are called; three statements."""
    models: dict[str, type[Campaign | AdSet | Ad]] = {
        "campaign": Campaign, "ad_set": AdSet, "ad": Ad,
    }  # fmt: skip
    found: dict[UUID, str] = {}
    for kind, model in models.items():
        keys = [row.target_id for row in firings if row.target_type == kind]
        found |= dict(model.objects.filter(pk__in=keys).values_list("pk", "name"))
    return found


def owner_name(rule: Rule) -> str:
    """The person, or the key or app, that a rule acts for; empty where it is gone."""
    rows: QuerySet[Any]
    if rule.owner_kind == "user":
        user = User.objects.filter(pk=rule.owner_user_id).first()
        return user.full_name if user else ""
    try:
        rows = ApiKey.objects.filter(pk=decode("key", rule.owner_id))
    except NotFoundError:
        return ""
    return str(rows.values_list("name", flat=True).first() or "")


@dataclass(frozen=True, slots=True)
class Target:
    """An object that a rule judges."""

    type: str
    id: UUID
    name: str
    campaign: Campaign


def campaigns_of(rule: Rule, *, running: bool) -> list[Campaign]:
    """The campaigns a rule is about, at most MOST_CAMPAIGNS, the newest first; the `running` ones,
    or all that may have delivered.
    """
    rows = Campaign.objects.filter(business_id=rule.business_id, environment=rule.environment)
    rows = rows.exclude(external_id="").exclude(status__in=GONE).select_related("ad_account")
    if rule.campaign_id is not None:
        rows = rows.filter(pk=rule.campaign_id)
    if running:
        rows = rows.filter(status="ACTIVE")
    return list(rows.order_by("-created_at", "-id")[:MOST_CAMPAIGNS])


def targets_of(target_type: str, campaigns: Sequence[Campaign], *, running: bool) -> list[Target]:
    """The objects of one kind in these campaigns."""
    if target_type == "campaign":
        return [Target("campaign", row.pk, row.name, row) for row in campaigns]
    parents = {row.pk: row for row in campaigns}
    model: type[Ad | AdSet] = Ad if target_type == "ad" else AdSet
    rows = model.objects.filter(campaign_id__in=list(parents)).exclude(external_id="")
    rows = rows.filter(status="ACTIVE") if running else rows.exclude(status__in=GONE)
    found = rows.order_by("created_at", "id").values_list("pk", "name", "campaign_id")
    return [Target(target_type, key, name, parents[parent]) for key, name, parent in found]


def daily_sums(
    target_type: str, campaigns: Sequence[Campaign], *, since: date, until: date
) -> dict[UUID, dict[date, Sums]]:
    """Per object and day what was delivered; days without delivery are absent."""
    found: dict[UUID, dict[date, Sums]] = {}
    keys = [row.pk for row in campaigns]
    rows = daily_totals(f"{target_type}_id", keys, since=since, until=until)
    for (key, day), totals in rows.items():
        found.setdefault(key, {})[day] = _sums(totals)
    return found


def _sums(totals: Totals) -> Sums:
    return Sums(*(getattr(totals, field.name) for field in fields(Sums)))


def day_at(account: AdAccount, moment: datetime) -> date:
    """The day of the account's zone when our clock shows `moment`."""
    return platform_now(account, at=moment).astimezone(ZoneInfo(account.timezone)).date()


def last_full_day(account: AdAccount | None, *, now: datetime) -> date | None:
    """The last day that has ended in the account's zone and was read after its end; None where the
    last read is older than that.
    """
    if account is None or account.synced_at is None:
        return None
    today = day_at(account, now)
    return today - timedelta(days=1) if day_at(account, account.synced_at) >= today else None


def running_ads(campaign: Campaign) -> list[Ad]:
    """The campaign's ads that deliver, with their creatives, oldest first."""
    rows = Ad.objects.filter(campaign=campaign, status="ACTIVE").exclude(external_id="")
    return list(rows.select_related("creative").order_by("created_at", "id"))


def running_ad_sets(campaign: Campaign) -> list[AdSet]:
    """The campaign's ad sets that deliver, oldest first."""
    rows = AdSet.objects.filter(campaign=campaign, status="ACTIVE").exclude(external_id="")
    return list(rows.order_by("created_at", "id"))


def running_peers(campaign: Campaign) -> list[UUID]:
    """The campaign and the business's other running ones of its objective and currency."""
    rows = Campaign.objects.filter(
        business_id=campaign.business_id,
        objective=campaign.objective,
        currency=campaign.currency,
        status="ACTIVE",
    )
    found = rows.exclude(pk=campaign.pk).order_by("-created_at", "-id")
    return [campaign.pk, *found.values_list("pk", flat=True)[:MOST_CAMPAIGNS]]


def window_sums(
    target_type: str, campaign_ids: Sequence[UUID], *, since: date, until: date
) -> dict[UUID, Sums]:
    """Per object what was delivered over these days; objects without delivery are absent."""
    rows = totals_of(f"{target_type}_id", campaign_ids, since=since, until=until)
    return {key: _sums(totals) for key, totals in rows.items()}


def list_suggestions(actor: Actor) -> QuerySet[StoredSuggestion]:
    """The suggestions the credential may see, newest first."""
    return visible(StoredSuggestion.objects.all(), actor).order_by("-created_at", "-id")


def get_suggestion(actor: Actor, public_id: str, *, lock: bool = False) -> StoredSuggestion:
    """One suggestion; missing and foreign raise the same NotFoundError. `lock` holds its row."""
    rows = visible(StoredSuggestion.objects.all(), actor)
    if lock:
        rows = rows.select_for_update(no_key=True)
    found: StoredSuggestion | None = rows.filter(pk=decode("sug", public_id)).first()
    if found is None:
        raise NotFoundError
    return found
