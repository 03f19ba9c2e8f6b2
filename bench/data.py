"""Rows to measure on: campaigns at a platform, a full inbox, and neighbours with ten times more."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.models import Plan, Subscription
from campaigns.models import Campaign, PendingAction, SpendExposure
from campaigns.spend import new_exposure
from core.clock import now
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.metrics.services import upsert_facts
from platforms.models import AdAccount
from tests.cast import Cast

CHUNK = 5_000
UNLIMITED = 1_000_000_000
DAYS, ADS, PUBLISHERS = 60, 2, ("facebook", "instagram")


def lift_limits(cast: Cast) -> None:
    """The largest plan, without limits: they are counted, and never reached."""
    Plan.objects.filter(pk=3).update(
        requests_per_minute=UNLIMITED, requests_per_day=UNLIMITED, generations_per_month=UNLIMITED
    )
    with tenant_tx(cast.tenant.id):
        Subscription.objects.create(
            tenant_id=cast.tenant.id, plan_id=3, status="active", created_at=now()
        )


def campaigns(cast: Cast, account: AdAccount, count: int) -> list[str]:
    """`count` running campaigns, each with its row of exposure as a create writes it and the
    delivery of DAYS; returns their public ids.
    """
    rows = [
        Campaign(
            tenant_id=cast.tenant.id,
            business=cast.test_business,
            environment="test",
            ad_account=account,
            external_id=str(120_000 + number),
            name=f"Campaign {number}",
            status="ACTIVE",
            effective_status="ACTIVE",
            objective="CONVERSIONS",
            platforms=["facebook", "instagram"],
            budget_micros=50_000_000,
            currency="USD",
            message="Simplify your books.",
            target_url="https://acme.example/start",
            created_at=now() - timedelta(days=3, seconds=number),
            updated_at=now(),
        )
        for number in range(count)
    ]
    with tenant_tx(cast.tenant.id):
        Campaign.objects.bulk_create(rows)
        SpendExposure.objects.bulk_create(new_exposure(row) for row in rows)
    deliver(rows)
    return [encode("camp", row.id) for row in rows]


def deliver(rows: list[Campaign]) -> None:
    """Facts as a sync writes them, day by day: ADS ads of each campaign on each publisher."""
    ads = [(row, new_uuid()) for row in rows for _ in range(ADS)]
    today = now().date()
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - number)
        with tenant_tx(rows[0].tenant_id):
            upsert_facts([_fact(*ad, day, name) for ad in ads for name in PUBLISHERS], now=now())


def _fact(row: Campaign, ad_id: UUID, day: date, publisher: str) -> MetricFact:
    return MetricFact(
        tenant_id=row.tenant_id,
        business_id=row.business_id,
        ad_account_id=row.ad_account_id,
        campaign_id=row.pk,
        ad_set_id=row.pk,
        ad_id=ad_id,
        day=day,
        publisher_platform=publisher,
        currency=row.currency,
        impressions=1_000 + day.day,
        clicks=20,
        spend_micros=6_250_000,
        conversions=1,
        conversion_value_micros=19_900_000,
    )


def pending(cast: Cast, count: int) -> None:
    """`count` proposals that wait, of one business."""
    for start in range(0, count, CHUNK):
        with tenant_tx(cast.tenant.id):
            PendingAction.objects.bulk_create(
                _pending(cast, number) for number in range(start, min(start + CHUNK, count))
            )


def _pending(cast: Cast, number: int) -> PendingAction:
    moment = now() - timedelta(seconds=number % 86_400)
    common: dict[str, Any] = {
        "tenant_id": cast.tenant.id,
        "business_id": cast.test_business.id,
        "environment": "test",
        "campaign_id": new_uuid(),
    }
    return PendingAction(
        **common,
        command_kind="set_daily_budget",
        command={"schema_version": 1},
        command_digest=f"{number:064d}",
        target_type="campaign",
        target_id=new_uuid(),
        target_name=f"Campaign {number}",
        axes=["tactical"],
        before={"budget_micros": 50_000_000},
        after={"budget_micros": 60_000_000},
        fingerprint="0" * 64,
        rationale="Cost per sale is under the goal.",
        rationale_source="agent",
        proposer_kind="api_key",
        proposer_id=cast.agent.id,
        proposer_label="agent",
        proposer_chain=list(cast.agent.roots),
        channel="rest",
        risk="medium",
        exposure_delta_micros=17_500_000,
        currency="USD",
        verdict_id=new_uuid(),
        expires_at=now() + timedelta(days=3),
        created_at=moment,
    )
