"""Choosing a business where there are many, and what a membership's end or limits leave."""

import re

import pytest

from accounts.choice import OFFERED
from accounts.models import Business
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW, Cast
from tests.services.pages.conftest import Browse

pytestmark = pytest.mark.django_db
OFFER = re.compile(r'<button name="business" value="(biz_\w+)">')


def add_businesses(cast: Cast, count: int) -> list[Business]:
    with tenant_tx(cast.tenant.id):
        return Business.objects.bulk_create(
            Business(
                tenant_id=cast.tenant.id,
                name=f"brand {number:03d}",
                environment="test",
                currency="USD",
                created_at=NOW,
            )
            for number in range(count)
        )


def test_switcher_offers_the_first_and_the_chosen_one(acme: Cast, browse: Browse) -> None:
    last = add_businesses(acme, 40)[-1]
    client = browse(acme, Role.BUYER)
    page = client.get("/campaigns/").content.decode()
    offered = OFFER.findall(page)
    assert len(offered) == OFFERED
    assert encode("biz", last.pk) not in offered
    assert page.count('href="/businesses/"') == 2  # in the switcher and beside the filter
    found = client.get("/businesses/?q=BRAND 039").content.decode()
    assert re.findall(r'(?<=class="mono">)biz_\w+', found) == [encode("biz", last.pk)]
    client.post("/switch-business/", {"business": encode("biz", last.pk)})
    page = client.get("/campaigns/").content.decode()
    assert OFFER.findall(page) == [*offered, encode("biz", last.pk)]
    assert f'<option value="{encode("biz", last.pk)}" selected>brand 039</option>' in page


@pytest.mark.parametrize("address", ["/inbox/", "/campaigns/", "/audit/"])
def test_filter_keeps_a_business_that_is_not_offered(acme, browse, address):
    last = add_businesses(acme, 40)[-1]
    page = browse(acme, Role.OWNER).get(address, {"business": encode("biz", last.pk)})
    option = f'<option value="{encode("biz", last.pk)}" selected>brand 039</option>'
    assert option in page.content.decode()


def test_few_businesses_need_no_search(acme: Cast, browse: Browse) -> None:
    page = browse(acme, Role.BUYER).get("/inbox/").content.decode()
    assert 'href="/businesses/"' not in page
