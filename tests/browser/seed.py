"""Fills the database of the browser tests: `python -m tests.browser.seed`, prints JSON.

The demo's people and businesses, one connection, and a running campaign a journey, each with an
agent's proposal to raise its budget from 50 to 60 dollars a day.
"""

import json
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import django

from core.clock import platform_now

JOURNEYS = ("approve", "reject", "undo", "conflict", "keyboard", "plain", "kill")
PASSWORD = "adamant browser demo"


def main() -> None:
    django.setup()
    from django.http import HttpRequest

    from accounts.authentication import authenticate_key
    from campaigns.commands import LaunchCampaign, SetDailyBudget
    from campaigns.dispatch.loop import run_once
    from config.demo import network, people
    from config.demo.campaigns import Brief
    from config.demo.history import create, do
    from core.actors import Role
    from core.clock import now
    from core.ids import encode
    from webhooks import services as webhooks

    cast = people.make_people(password=PASSWORD, now=now())
    draft, other = cast.businesses[1], cast.businesses[2]
    network.connect(draft, now=now())
    token = people.make_key(cast, now=now())
    agent, _row = authenticate_key(token, HttpRequest())
    made = {}
    for name in JOURNEYS:
        brief = Brief(
            1, f"Journey {name}", "CONVERSIONS", 50, 0, ("Everyone",), ("Fresh",),
            "https://shop.example/",
        )  # fmt: skip
        one = create(cast, brief)
        do(cast.actors[Role.BUYER], LaunchCampaign(campaign_id=one.campaign))
        made[name] = one
    for _ in range(20):
        if not run_once(now()):
            break
    owner = cast.actors[Role.OWNER]
    address = "https://receiver.example/hook"
    hook, _secret = webhooks.create_endpoint(
        owner, environment="test", url=address, events=["campaign.launched"], now=now()
    )
    webhooks.ping(owner, encode("whk", hook.pk), now=now())
    generation = _generated(owner, encode("biz", draft.pk))
    rule = _rule(owner, made["reject"].campaign)
    found = {}
    for name, one in made.items():
        raise_budget = SetDailyBudget(
            campaign_id=one.campaign, budget_micros=60_000_000, currency="USD"
        )
        pending = (
            ""
            if name == "kill"
            else do(
                agent, raise_budget, rationale="Cheap conversions in the evening."
            ).pending_action_id
        )
        found[name] = {
            "campaign": one.campaign, "ad_set": one.ad_sets[0], "ad": one.ads[0],
            "pending": pending, "name": f"Journey {name}",
            "hook": encode("whk", hook.pk), "generation": generation, "rule": rule,
        }  # fmt: skip
    deliver(draft.tenant_id, now())
    businesses = {one.name: encode("biz", one.pk) for one in cast.businesses}
    json.dump(
        {"journeys": found, "token": token, "businesses": businesses, "unconnected": other.name},
        sys.stdout,
    )


def _rule(owner: Any, campaign: str) -> str:
    """A rule of the owner about one campaign."""
    from analytics.optimizer.bodies import RuleBody, rule_fields
    from analytics.optimizer.services import rules
    from core.clock import now
    from core.ids import encode
    from core.tenancy import tenant_tx

    body = RuleBody.model_validate({
        "name": "Pause weak ads",
        "condition": {"metric": "ctr", "operator": "lt", "value": 1, "timeframe_hours": 48},
        "action": {"type": "pause_ad"},
    })  # fmt: skip
    with tenant_tx(owner.tenant_id):
        scope = rules.scope_of(owner, campaign_id=campaign)
        fields = rule_fields(body, currency=scope.currency)
        return encode("rule", rules.create_rule(owner, scope, fields, now=now()).pk)


def _generated(owner: Any, business_id: str) -> str:
    """Copy with an image, finished."""
    from core.clock import now
    from core.ids import encode
    from creatives.bodies import VariationsBody
    from creatives.services import generations, running

    body = VariationsBody(
        product_description="Handmade oak chairs for small homes", count=1, include_images=True
    )
    row = generations.start(owner, "variations", body.asked(), business_id=business_id, now=now())
    running.run_due(now())
    return encode("gen", row.pk)


def deliver(tenant_id: UUID, moment: datetime) -> None:
    """Ten days of delivery of one ad, and an alert rule that was met."""
    from analytics.models import AlertRule
    from analytics.services.alerting import evaluate_alert_rule
    from campaigns.models import Ad
    from core.tenancy import tenant_tx
    from platforms.metrics.models import MetricFact
    from platforms.metrics.services import upsert_facts
    from platforms.models import AdAccount

    with tenant_tx(tenant_id):
        ad = Ad.objects.select_related("campaign").exclude(external_id="").earliest("id")
        campaign = ad.campaign
        AdAccount.objects.filter(pk=campaign.ad_account_id).update(synced_at=moment)
        account = AdAccount.objects.get(pk=campaign.ad_account_id)
        today = platform_now(account, at=moment).date()
        same = {
            "tenant_id": tenant_id,
            "business_id": campaign.business_id,
            "ad_account_id": account.pk,
            "campaign_id": campaign.pk,
            "ad_set_id": ad.ad_set_id,
            "ad_id": ad.pk,
            "publisher_platform": "facebook",
            "currency": campaign.currency,
        }
        facts = [
            MetricFact(
                **same, day=today - timedelta(days=ago), impressions=9_000 + 100 * ago,
                clicks=200, conversions=6, spend_micros=40_000_000 + ago,
                conversion_value_micros=90_000_000,
            )
            for ago in range(10)
        ]  # fmt: skip
        upsert_facts(facts, now=moment)
        rule = AlertRule.objects.create(
            tenant_id=tenant_id, business_id=campaign.business_id, environment="test",
            name="Spend of a day", kind="threshold", metric="spend", operator="gt",
            value_micros=10_000_000, currency=campaign.currency, cooldown_hours=168,
            next_evaluation_at=moment, created_by="user_x", created_at=moment, updated_at=moment,
        )  # fmt: skip
    assert evaluate_alert_rule(tenant_id, rule.pk, now=moment)["alerted"] == 1


if __name__ == "__main__":
    main()
