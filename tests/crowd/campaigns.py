"""Campaigns with their facts, ad sets, ads."""

from campaigns.models import Ad, AdSet, Campaign, Creative
from platforms.metrics.models import MetricFact
from platforms.metrics.services import upsert_facts
from tests.cast import NOW
from tests.crowd.rows import add
from tests.world import World


def add_campaigns(world: World, numbers: range) -> list[Campaign]:
    """Running campaigns of the world's business, a day of facts each."""
    made = add(
        world,
        Campaign,
        (
            {
                "name": f"campaign-seed-{n}",
                "status": "ACTIVE",
                "business": world.business,
                "environment": "test",
                "ad_account": world.row("ad_account"),
                "objective": "TRAFFIC",
                "budget_micros": 20_000_000,
                "currency": "USD",
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n in numbers
        ),
    )
    facts = [
        MetricFact(
            tenant_id=row.tenant_id,
            business_id=row.business_id,
            ad_account_id=row.ad_account_id,
            campaign_id=row.pk,
            ad_set_id=row.pk,
            ad_id=row.pk,
            day=NOW.date(),
            publisher_platform="facebook",
            currency="USD",
            spend_micros=1_000_000,
        )
        for row in made
    ]
    upsert_facts(facts, now=NOW)
    return made


def add_tree(world: World, numbers: range) -> None:
    """Ad sets of the world's campaign; ads of its ad set and of the newest one."""
    at = {"created_at": NOW, "updated_at": NOW}
    campaign = world.row("campaign")
    targeting = {"locations": [{"type": "country", "value": "US"}]}
    sets = add(
        world,
        AdSet,
        (
            {"name": f"set-seed-{n}", "campaign": campaign, "targeting": targeting, **at}
            for n in numbers
        ),
    )
    creatives = add(
        world,
        Creative,
        (
            {
                "business": world.business,
                "headline": f"headline-seed-{n}",
                "link_url": "https://acme.example/",
                "created_at": NOW,
            }
            for n in numbers
        ),
    )
    add(
        world,
        Ad,
        (
            {
                "name": f"ad-seed-{n}",
                "campaign": campaign,
                "ad_set": ad_set,
                "creative": creative,
                **at,
            }
            for ad_set in (world.row("ad_set"), sets[-1])
            for n, creative in zip(numbers, creatives, strict=True)
        ),
    )
