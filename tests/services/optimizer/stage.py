"""A running campaign with days of delivery, and short ways to rules."""

import json
from datetime import date, timedelta
from typing import Any

from django.test import Client

from campaigns.models import Ad, Campaign
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.metrics.services import upsert_facts
from platforms.models import AdAccount
from tests.cast import NOW, Cast

YESTERDAY = NOW.date() - timedelta(days=1)
RULE = {
    "name": "Pause low CTR ads",
    "condition": {"metric": "ctr", "operator": "lt", "value": 1.0, "timeframe_hours": 48},
    "action": {"type": "pause_ad"},
}


def read_today(cast: Cast, account: AdAccount, at: Any = NOW) -> None:
    """The ad account was read at `at`."""
    with tenant_tx(cast.tenant.id):
        AdAccount.objects.filter(pk=account.pk).update(synced_at=at)


def add_ad(cast: Cast, campaign: Campaign, number: int) -> Ad:
    """One more running ad in the campaign's ad set, with a creative of its own."""
    with tenant_tx(cast.tenant.id):
        like = Ad.objects.select_related("creative").filter(campaign=campaign).earliest("id")
        creative = like.creative
        creative.pk, creative.headline = None, f"Headline {number}"
        creative._state.adding = True
        creative.id = type(creative)._meta.pk.get_default()
        creative.external_id = f"99000{number}"
        creative.save(force_insert=True)
        return Ad.objects.create(
            tenant_id=cast.tenant.id,
            name=f"Ad {number}",
            status="ACTIVE",
            effective_status="ACTIVE",
            external_id=f"88000{number}",
            campaign=campaign,
            ad_set=like.ad_set,
            creative=creative,
            created_at=NOW - timedelta(days=60),
            updated_at=NOW - timedelta(days=60),
        )


def only_ad(cast: Cast, campaign: Campaign) -> Ad:
    with tenant_tx(cast.tenant.id, readonly=True):
        return Ad.objects.select_related("campaign").get(campaign=campaign)


def deliver(cast: Cast, ad: Ad, days: dict[date, dict[str, int]]) -> None:
    """Facts of an ad, one a day; money is micros."""
    with tenant_tx(cast.tenant.id):
        campaign = ad.campaign
        facts = [
            MetricFact(
                tenant_id=cast.tenant.id,
                business_id=campaign.business_id,
                ad_account_id=campaign.ad_account_id,
                campaign_id=campaign.pk,
                ad_set_id=ad.ad_set_id,
                ad_id=ad.pk,
                day=day,
                publisher_platform="facebook",
                currency="USD",
                **sums,
            )
            for day, sums in days.items()
        ]
        upsert_facts(facts, now=NOW)


def every_day(count: int, until: date = YESTERDAY, **sums: int) -> dict[date, dict[str, int]]:
    """The same delivery on `count` days that end with `until`."""
    return {until - timedelta(days=back): dict(sums) for back in range(count)}


def call(cast: Cast, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A request of the agent; `doc` is its JSON."""
    response = Client().generic(
        method,
        f"/v1{path}",
        data=json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={**cast.headers, **headers},
    )
    response.doc = json.loads(response.content) if response.content else None
    return response
