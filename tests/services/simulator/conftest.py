"""A world in the test database of the alias `sim`, without a process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from platforms.simulator import faults, oauth, review, sessions, store
from platforms.simulator.models import (
    AD,
    ADSET,
    CAMPAIGN,
    CREATIVE,
    AdAccount,
    Node,
    World,
)

START = datetime.fromisoformat("2026-03-01T05:00:00+00:00")  # Sunday midnight in New York


@dataclass
class Plot:
    """An account with one campaign, its budget, one ad set and some ads, all running."""

    account: AdAccount
    campaign: Node
    ad_set: Node
    ads: list[Node]


@pytest.fixture
def world(db: None) -> Iterator[World]:
    store._world.clear()
    sessions.forget()
    faults.use(faults.Profile())
    yield World.objects.create(pk=1, seed=5, now=START, delivered_until=START)
    store._world.clear()
    sessions.forget()


def node(account: AdAccount, kind: str, **fields: object) -> Node:
    return Node.objects.create(
        account=account, kind=kind, name=kind, created_at=START, updated_at=START, **fields
    )


def plant(*, ads: int = 3, currency: str = "USD", text: str = "Shoes", **budget: int) -> Plot:
    person = oauth.new_person("Ada", now=START, currency=currency)
    account = AdAccount.objects.get(person=person)
    campaign = node(
        account,
        CAMPAIGN,
        data={"objective": "OUTCOME_SALES", **(budget or {"daily_budget": 6000})},
    )
    ad_set = node(
        account,
        ADSET,
        parent=campaign,
        campaign_key=campaign.pk,
        data={"targeting": {"geo_locations": {"countries": ["US"]}}},
    )
    made = []
    for number in range(ads):
        creative = node(account, CREATIVE, data={"body": f"{text} {number}"})
        ad = node(
            account,
            AD,
            parent=ad_set,
            campaign_key=campaign.pk,
            creative_key=creative.pk,
        )
        review.start(ad, creative, seed=5, now=START)
        ad.save()
        made.append(ad)
    return Plot(account, campaign, ad_set, made)
