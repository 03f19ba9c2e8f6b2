"""The environment of every row equals that of every row it points at, by value and not by form."""

import pytest

from accounts.models import Tenant
from campaigns.models import Campaign, Dispatch
from core.tenancy import tenant_tx
from platforms.models import AdAccount
from tests.environments import links, mixed
from tests.world import KINDS, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]


@pytest.fixture
def full(db):
    """A tenant with one of everything."""
    world = make_world("acme")
    with tenant_tx(world.cast.tenant.id):
        for kind in KINDS:
            world.row(kind)
    return world


def every_tenant():
    return list(Tenant.objects.values_list("pk", flat=True))


def test_links_are_foreign_keys_and_plain_ids():
    assert {"business_id", "ad_account_id"} <= set(links(Campaign))
    assert links(Dispatch)["campaign_id"] is Campaign
    assert links(Dispatch)["ad_account_id"] is AdAccount


def test_rows_joined_by_a_key_share_their_environment(full):
    walked, wrong = mixed(every_tenant())
    print(f"BAR environment {walked} rows of {len(KINDS)} kinds, {len(wrong)} reach test and live")
    assert wrong == []
    assert walked > len(KINDS)


def test_control_rows_of_test_under_live_are_found(full):
    with tenant_tx(full.cast.tenant.id):
        campaign, job = full.row("campaign").pk, full.row("job").pk
        AdAccount.objects.filter(pk=full.row("ad_account").pk).update(environment="live")
    _walked, wrong = mixed(every_tenant())
    print(f"BAR environment control an ad account moved to live: {len(wrong)} rows found")
    assert {f"Campaign {campaign}", f"Dispatch {job}"} <= set(wrong)
