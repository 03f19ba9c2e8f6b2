"""An ad account with campaigns whose facts are written by hand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.models import Ad, AdSet, Campaign, Creative
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.metrics.models import MetricFact
from platforms.metrics.services import upsert_facts
from platforms.models import AdAccount, Connection
from tests.cast import NOW, Cast

TODAY = NOW.date()


@dataclass
class Stage:
    cast: Cast
    account: AdAccount
    campaign: Campaign
    ads: list[Ad]

    @property
    def campaign_id(self) -> str:
        return encode("camp", self.campaign.pk)

    def deliver(self, *, ago: int = 0, day: date | None = None, ad: int = 0, **said: Any) -> None:
        """One fact of an ad; 1,000 impressions, 20 clicks and 10.00 of spend where nothing is
        said.
        """
        self.deliver_all([{"ago": ago, "day": day, "ad": ad, **said}])

    def deliver_all(self, facts: list[dict[str, Any]]) -> None:
        rows = [self._fact(**fact) for fact in facts]
        with tenant_tx(self.cast.tenant.id):
            upsert_facts(rows, now=NOW)

    def _fact(
        self,
        *,
        ago: int = 0,
        day: date | None = None,
        ad: int = 0,
        on: str = "facebook",
        currency: str = "",
        **said: Any,
    ) -> MetricFact:
        chosen = self.ads[ad]
        return MetricFact(
            tenant_id=self.cast.tenant.id,
            business_id=self.campaign.business_id,
            ad_account_id=self.account.pk,
            campaign_id=self.campaign.pk,
            ad_set_id=chosen.ad_set_id,
            ad_id=chosen.pk,
            day=day or TODAY - timedelta(days=ago),
            publisher_platform=on,
            currency=currency or self.account.currency,
            **{"impressions": 1000, "clicks": 20, "spend_micros": 10_000_000, **said},
        )


def set_stage(
    cast: Cast,
    *,
    business: Any = None,
    currency: str = "USD",
    timezone: str = "UTC",
    synced_at: datetime | None = NOW,
    name: str = "Summer",
) -> Stage:
    """A campaign with two ads, each in an ad set of its own."""
    business = business or cast.test_business
    at = {"tenant_id": cast.tenant.id, "created_at": NOW}
    with tenant_tx(cast.tenant.id):
        connection, _made = Connection.objects.get_or_create(
            tenant_id=cast.tenant.id,
            business=business,
            platform="meta",
            environment=business.environment,
            status="connected",
            defaults={"created_at": NOW},
        )
        account = AdAccount.objects.create(
            **at,
            connection=connection,
            business=business,
            platform="meta",
            environment=business.environment,
            external_id=f"act_{name}_{currency}",
            name=f"{name} account",
            currency=currency,
            timezone=timezone,
            status="active",
            synced_at=synced_at,
        )
        at["updated_at"] = NOW
        campaign = Campaign.objects.create(
            **at,
            name=name,
            business=business,
            environment=business.environment,
            ad_account=account,
            objective="CONVERSIONS",
            budget_micros=50_000_000,
            currency=currency,
        )
        ads = [_ad(campaign, number, at) for number in range(2)]
    return Stage(cast, account, campaign, ads)


def _ad(campaign: Campaign, number: int, at: dict[str, Any]) -> Ad:
    creative = Creative.objects.create(
        tenant_id=campaign.tenant_id, business=campaign.business, link_url="https://a.example/",
        created_at=NOW,
    )  # fmt: skip
    ad_set = AdSet.objects.create(**at, name=f"set {number}", campaign=campaign)
    return Ad.objects.create(
        **at, name=f"ad {number}", campaign=campaign, ad_set=ad_set, creative=creative
    )
