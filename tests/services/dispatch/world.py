"""Rows a dispatch needs: a connection, an ad account and a campaign tree planned for launch."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.models import Verdict
from accounts.services.evidence import record_verdict
from campaigns.dispatch.intents import open_dispatch
from campaigns.domain.steps import StepPlan
from campaigns.models import Ad, AdSet, Campaign, Creative, Dispatch, DispatchStep
from core.actors import Actor
from core.ids import new_uuid
from core.tenancy import tenant_tx
from platforms.models import AdAccount, Connection
from tests.cast import NOW, Cast


@dataclass
class World:
    cast: Cast
    account: AdAccount

    @property
    def tenant_id(self) -> UUID:
        return self.cast.tenant.id

    def dispatch(self, job: UUID) -> Dispatch:
        with tenant_tx(self.tenant_id, readonly=True):
            return Dispatch.objects.get(pk=job)

    def steps(self, job: UUID) -> list[DispatchStep]:
        with tenant_tx(self.tenant_id, readonly=True):
            return list(DispatchStep.objects.filter(dispatch_id=job).order_by("seq"))

    def row(self, model: type, pk: UUID) -> Any:
        with tenant_tx(self.tenant_id, readonly=True):
            return model.objects.get(pk=pk)


def make_world(cast: Cast, *, sealed_token: str = "", external_id: str = "act_1") -> World:
    business = cast.test_business
    with tenant_tx(cast.tenant.id):
        connection = Connection.objects.create(
            tenant_id=cast.tenant.id,
            business=business,
            platform="meta",
            environment="test",
            status="connected",
            sealed_token=sealed_token,
            created_at=NOW,
        )
        account = AdAccount.objects.create(
            tenant_id=cast.tenant.id,
            connection=connection,
            business=business,
            platform="meta",
            environment="test",
            external_id=external_id,
            name="Account",
            currency="USD",
            timezone="America/New_York",
            status="active",
            is_default=True,
            created_at=NOW,
        )
    return World(cast, account)


@dataclass
class Tree:
    campaign: Campaign
    ad_set: AdSet
    creatives: list[Creative]
    ads: list[Ad]


def make_tree(world: World, *, name: str = "Spring", ads: int = 1, launched: bool = False) -> Tree:
    """A campaign with one ad set and `ads` ads; `launched` gives them ids and ACTIVE."""
    tenant_id, business = world.tenant_id, world.cast.test_business
    common = {"tenant_id": tenant_id, "created_at": NOW, "updated_at": NOW}
    with tenant_tx(tenant_id):
        campaign = Campaign.objects.create(
            **common,
            name=name,
            business=business,
            environment="test",
            ad_account=world.account,
            objective="TRAFFIC",
            platforms=["facebook", "instagram"],
            budget_micros=50_000_000,
            currency="USD",
        )
        ad_set = AdSet.objects.create(**common, name=f"{name} set", campaign=campaign)
        creatives = [
            Creative.objects.create(
                tenant_id=tenant_id,
                business=business,
                headline="Hello",
                primary_text="Text",
                link_url="https://example.com/",
                created_at=NOW,
            )
            for _ in range(ads)
        ]
        rows = [
            Ad.objects.create(
                **common,
                name=f"{name} ad {n}",
                campaign=campaign,
                ad_set=ad_set,
                creative=creative,
            )
            for n, creative in enumerate(creatives)
        ]
    tree = Tree(campaign, ad_set, creatives, rows)
    if launched:
        _launch(world, tree)
    return tree


def _launch(world: World, tree: Tree) -> None:
    with tenant_tx(world.tenant_id):
        for number, row in enumerate([tree.campaign, tree.ad_set, *tree.ads]):
            row.external_id, row.status, row.effective_status = f"{number}", "ACTIVE", "ACTIVE"
            row.save(update_fields=["external_id", "status", "effective_status"])


def launch_steps(world: World, tree: Tree) -> list[StepPlan]:
    """Creates top down, activation last: ads, ad set, campaign."""
    campaign, ad_set = tree.campaign, tree.ad_set
    paused = {"status": "PAUSED"}
    plans = [
        StepPlan(
            kind="create_campaign",
            object_type="campaign",
            object_id=campaign.id,
            params={
                "name": campaign.name,
                "objective": campaign.objective,
                "budget_type": campaign.budget_type,
                "budget_micros": campaign.budget_micros,
                "currency": campaign.currency,
                "start_date": None,
                "end_date": None,
            },
            apply=paused,
        ),
        StepPlan(
            kind="create_ad_set",
            object_type="ad_set",
            object_id=ad_set.id,
            params={
                "name": ad_set.name,
                "campaign_id": str(campaign.id),
                "objective": campaign.objective,
                "targeting": {"locations": [{"type": "country", "value": "US"}]},
                "platforms": ["facebook", "instagram"],
                "page_id": world.cast.extra.get("page", "1"),
                "pixel_id": world.cast.extra.get("pixel", "2"),
                "start_date": None,
                "end_date": None,
            },
            apply=paused,
        ),
    ]
    for ad in tree.ads:
        plans.append(_creative_step(world, ad))
        plans.append(
            StepPlan(
                kind="create_ad",
                object_type="ad",
                object_id=ad.id,
                params={
                    "name": ad.name,
                    "ad_set_id": str(ad_set.id),
                    "creative_id": str(ad.creative_id),
                },
                apply=paused,
            )
        )
    for kind, row in [("ad", ad) for ad in tree.ads] + [("ad_set", ad_set), ("campaign", campaign)]:
        plans.append(status_step(kind, row.id, "ACTIVE"))
    return plans


def _creative_step(world: World, ad: Ad) -> StepPlan:
    return StepPlan(
        kind="create_creative",
        object_type="creative",
        object_id=ad.creative_id,
        params={
            "name": f"{ad.name} creative",
            "page_id": world.cast.extra.get("page", "1"),
            "headline": "Hello",
            "primary_text": "Text",
            "description": "",
            "link_url": "https://example.com/",
            "call_to_action": "learn_more",
        },
    )


def status_step(object_type: str, object_id: UUID, status: str) -> StepPlan:
    return StepPlan(
        kind="set_status",
        object_type=object_type,
        object_id=object_id,
        params={"status": status},
        apply={"status": status},
    )


def budget_step(campaign: Campaign, dollars: int) -> StepPlan:
    micros = dollars * 1_000_000
    return StepPlan(
        kind="update",
        object_type="campaign",
        object_id=campaign.id,
        params={"budget_type": "daily", "budget_micros": micros, "currency": campaign.currency},
        apply={"budget_micros": micros},
    )


def intend(
    world: World,
    tree: Tree,
    steps: list[StepPlan],
    *,
    kind: str = "launch_campaign",
    actor: Actor | None = None,
    now: datetime = NOW,
    delay_s: float = 0,
    **kwargs: Any,
) -> UUID:
    """Open a dispatch the way the gate does; returns the job's id."""
    actor = actor or world.cast.agent
    with tenant_tx(world.tenant_id):
        verdict = record_verdict(
            Verdict(
                id=new_uuid(),
                tenant_id=world.tenant_id,
                business_id=world.cast.test_business.id,
                decision="allow",
                command_kind=kind,
                actor_id=actor.id,
                input={},
                input_digest="0" * 64,
                policy_version=0,
                engine_version=1,
                created_at=now,
            )
        )
        open_dispatch(
            **{
                "verdict": verdict,
                "actor": actor,
                "command_kind": kind,
                "command": {},
                "command_digest": hashlib.sha256(verdict.id.bytes).hexdigest(),
                "campaign": tree.campaign,
                "target_type": "campaign",
                "target_id": tree.campaign.id,
                "steps": steps,
                "expects": {},
                "not_before": now + timedelta(seconds=delay_s),
                "now": now,
            }
            | kwargs
        )
    return verdict.id
