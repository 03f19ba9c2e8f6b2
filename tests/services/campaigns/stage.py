"""A connected business and short ways to campaigns, for the tests of the gate."""

from datetime import timedelta
from typing import Any

from campaigns.commands import CreateCampaign, restore
from campaigns.gateway import Outcome, submit
from campaigns.models import Ad, AdSet, Authority, Campaign, Creative, SpendCeiling
from core.ids import decode, encode
from core.tenancy import tenant_tx
from platforms.models import AdAccount, Connection, PlatformAsset
from tests.cast import NOW, Cast

MICROS = 1_000_000


def connect(cast: Cast, business: Any = None) -> AdAccount:
    """A connection with one ad account, one page and one pixel."""
    business = business or cast.test_business
    common = {"tenant_id": cast.tenant.id, "business": business}
    with tenant_tx(cast.tenant.id):
        connection = Connection.objects.create(
            **common,
            platform="meta",
            environment=business.environment,
            status="connected",
            created_at=NOW,
        )
        account = AdAccount.objects.create(
            **common,
            connection=connection,
            platform="meta",
            environment=business.environment,
            external_id="act_1",
            name="Main",
            currency="USD",
            timezone="UTC",
            status="active",
            is_default=True,
            created_at=NOW,
        )
        for kind in ("page", "pixel"):
            PlatformAsset.objects.create(
                **common,
                connection=connection,
                kind=kind,
                external_id=f"{kind}1",
                name=kind,
                ad_account_external_id="act_1" if kind == "pixel" else "",
            )
    return account


def set_modes(cast: Cast, business: Any = None, **modes: str) -> None:
    """The business default of each axis; auto where nothing is said."""
    with tenant_tx(cast.tenant.id):
        rows = Authority.objects.filter(business=business or cast.test_business)
        version = rows.count() + 1
        rows.update(is_current=False)
        Authority.objects.create(
            tenant_id=cast.tenant.id,
            business=business or cast.test_business,
            version=version,
            **{"creative": "auto", "tactical": "auto", "structural": "auto", **modes},
            created_by="user_x",
            created_at=NOW,
        )


def create(cast: Cast, actor: Any = None, **fields: Any) -> Outcome:
    """Submit a CreateCampaign with everything a launch needs."""
    values = {
        "business_id": encode("biz", cast.test_business.id),
        "name": "Summer",
        "objective": "TRAFFIC",
        "budget_micros": 50 * MICROS,
        "currency": "USD",
        "message": "Books made easy",
        "target_url": "https://acme.example/start",
        "target_location": "United States",
        **fields,
    }
    return submit(CreateCampaign(**values), actor=actor or cast.agent, now=NOW)


def running(cast: Cast, account: AdAccount, *, business: Any = None, **fields: Any) -> Campaign:
    """A campaign that is at the platform and ACTIVE, with one ad set and one ad."""
    business = business or cast.test_business
    common = {
        "tenant_id": cast.tenant.id,
        "status": "ACTIVE",
        "effective_status": "ACTIVE",
        "created_at": NOW - timedelta(days=3),
        "updated_at": NOW - timedelta(days=3),
    }
    with tenant_tx(cast.tenant.id):
        campaign = Campaign.objects.create(
            **{
                **common,
                "name": "Running",
                "external_id": "120001",
                "business": business,
                "environment": business.environment,
                "ad_account": account,
                "objective": "TRAFFIC",
                "platforms": ["facebook"],
                "budget_micros": 50 * MICROS,
                "currency": "USD",
                **fields,
            }
        )
        targeting = {"age_min": 18, "age_max": 65, "interests": []}
        targeting["locations"] = [{"type": "country", "value": "US"}]
        ad_set = AdSet.objects.create(
            **common, name="Set", external_id="120002", campaign=campaign, targeting=targeting
        )
        creative = Creative.objects.create(
            tenant_id=cast.tenant.id,
            business=business,
            headline="Old",
            primary_text="Old text",
            link_url="https://acme.example/",
            external_id="120004",
            created_at=NOW,
        )
        Ad.objects.create(
            **common,
            name="Ad",
            external_id="120003",
            campaign=campaign,
            ad_set=ad_set,
            creative=creative,
        )
    return campaign


def ceiling(cast: Cast, scope: str, limit: int, **fields: Any) -> SpendCeiling:
    """A ceiling in USD of the test environment; `limit` in whole dollars."""
    key = {"tenant": "tenant", "business": f"business:{cast.test_business.id}"}
    key["action"] = f"action:{cast.test_business.id}"
    with tenant_tx(cast.tenant.id):
        return SpendCeiling.objects.create(
            **{
                "tenant_id": cast.tenant.id,
                "business": cast.test_business if scope != "tenant" else None,
                "scope": scope,
                "scope_key": key.get(scope, ""),
                "environment": "test",
                "currency": "USD",
                "limit_micros": limit * MICROS,
                "updated_by": "user_x",
                "updated_at": NOW,
                **fields,
            }
        )


def act(cast: Cast, kind: str, actor: Any = None, now: Any = NOW, **payload: Any) -> Outcome:
    """Submit the command `kind` with a JSON payload."""
    command = restore(kind, {"schema_version": 1, **payload})
    return submit(command, actor=actor or cast.agent, now=now)


def camp_id(campaign: Campaign) -> str:
    return encode("camp", campaign.id)


def fresh(cast: Cast, model: Any, key: Any) -> Any:
    """The row as it is now."""
    prefix, _, _ = str(key).partition("_") if isinstance(key, str) else ("", "", "")
    pk = decode(prefix, key) if prefix else key
    with tenant_tx(cast.tenant.id, readonly=True):
        return model.objects.get(pk=pk)


def count(cast: Cast, model: Any, **where: Any) -> int:
    with tenant_tx(cast.tenant.id, readonly=True):
        return model.objects.filter(**where).count()
