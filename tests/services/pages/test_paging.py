"""Every row of a long list can be reached: page by page, each row once."""

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import Business
from campaigns.models import Campaign
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.crowd import crowd
from tests.services.pages.conftest import Browse
from tests.world import KINDS, World, make_world

pytestmark = pytest.mark.django_db
NEXT = re.compile(
    r'<nav [^>]*aria-label="(Pages[^"]*)">[^>]*></span>\s*<a [^>]*href="([^"]+)" rel="next"'
)
BUSINESS = re.compile(r'<option value="(biz_\w+)"( selected)?>')


@pytest.fixture
def world(db: None) -> World:
    made = make_world("acme")
    with tenant_tx(made.cast.tenant.id):
        for kind in KINDS:
            made.row(kind)
    crowd(made, 0, 60)
    return made


def walk(client: Client, address: str, mark: str, *, pages: str = "Pages") -> list[list[str]]:
    """The marks of each page, following the next link of the list whose links are called so."""
    path, found = address.partition("?")[0], []
    while len(found) < 20:
        text = client.get(address).content.decode()
        found.append(list(dict.fromkeys(re.findall(mark, text))))
        links = dict(NEXT.findall(text))
        if pages not in links:
            return found
        address = path + unescape(links[pages])
    raise AssertionError("no last page")


def sizes(pages: list[list[str]]) -> list[int]:
    rows = [row for page in pages for row in page]
    assert len(rows) == len(set(rows))
    return [len(page) for page in pages]


def test_invitations_go_on_beside_the_members(world: World, browse: Browse) -> None:
    client = browse(world.cast, Role.OWNER)
    mark = r"Withdraw the invitation to (invitation-seed-\d+)"
    assert sizes(walk(client, "/team/", mark, pages="Pages of invitations")) == [50, 10]
    first = client.get("/team/").content.decode()
    links = [
        (name, link.split("=")[0], link.endswith("#invitations"))
        for name, link in NEXT.findall(first)
    ]
    assert links == [("Pages", "?cursor", False), ("Pages of invitations", "?invitations", True)]


def test_tree_goes_on_and_each_ad_set_leads_to_all_its_ads(world: World, browse: Browse) -> None:
    client = browse(world.cast, Role.BUYER)
    campaign, ad_set = world.id("campaign"), world.id("ad_set")
    address = f"/campaigns/{campaign}/"
    pages = walk(client, address, r"/ad-sets/(aset_\w+)/targeting/")
    assert sizes(pages) == [20, 20, 20, 1]
    assert pages[-1] == [ad_set]
    newest = client.get(address).content.decode()
    assert len(set(re.findall(r"\bad-seed-\d+\b", newest))) == 10
    assert newest.count("All ads of this ad set") == 1
    [link] = re.findall(r'href="(\?ad_set=aset_\w+)#tree"', newest)
    assert sizes(walk(client, address + link, r"\bad-seed-\d+\b")) == [50, 10]
    own = walk(client, f"{address}?ad_set={ad_set}", r"/ads/(ad_\w+)/creative/")
    assert sizes(own) == [50, 11]
    assert own[-1][-1] == world.id("ad")


def test_tree_shows_no_ad_set_of_elsewhere(world: World, browse: Browse) -> None:
    client, rival = browse(world.cast, Role.BUYER), make_world("rival")
    with tenant_tx(rival.cast.tenant.id):
        foreign = rival.id("ad_set")
    address = f"/campaigns/{world.id('campaign')}/"
    assert client.get(address, {"ad_set": foreign}).status_code == 404
    assert client.get(address, {"ad_set": "aset_none"}).status_code == 404
    with tenant_tx(world.cast.tenant.id):
        other = Campaign.objects.get(name="campaign-seed-1")
    elsewhere = f"/campaigns/{encode('camp', other.pk)}/"
    assert client.get(elsewhere, {"ad_set": world.id("ad_set")}).status_code == 404


@pytest.mark.parametrize("address", ["/campaigns/new/", "/connections/"])
def test_drop_down_offers_the_first_and_the_chosen_one(
    world: World, browse: Browse, address: str
) -> None:
    client = browse(world.cast, Role.OWNER)
    offered = BUSINESS.findall(client.get(address).content.decode())
    assert [chosen for _id, chosen in offered] == [" selected"] + 19 * [""]
    with tenant_tx(world.cast.tenant.id):
        last = encode("biz", Business.objects.get(name="business-seed-9").pk)
    assert client.post("/switch-business/", {"business": last}).status_code == 302
    page = client.get(address).content.decode()
    unpicked = [(one, "") for one, _chosen in offered]
    assert BUSINESS.findall(page) == [*unpicked, (last, " selected")]
    assert page.count("Find another business") == 2  # in the switcher and beside the drop-down


def test_policy_offers_the_first_and_the_named_one(world: World, browse: Browse) -> None:
    client = browse(world.cast, Role.ANALYST)
    with tenant_tx(world.cast.tenant.id):
        last = encode("biz", Business.objects.get(name="business-seed-9").pk)
    page = client.get("/policy/", {"business": last}).content.decode()
    links = re.findall(r'href="\?business=(biz_\w+)"( aria-current="page")?', page)
    assert len(links) == 21
    assert links[-1] == (last, ' aria-current="page"')
    assert page.count("Find another business") == 2
    assert "<h1>Policy · business-seed-9</h1>" in page


def test_campaign_is_never_made_in_a_business_that_was_not_meant(db: None, browse: Browse) -> None:
    world, rival = make_world("acme"), make_world("rival")
    client = browse(world.cast, Role.BUYER)
    form = {"name": "Astray", "objective": "TRAFFIC", "budget_type": "daily", "budget": "50"}
    form["platforms"] = "facebook"
    foreign = encode("biz", rival.business.pk)
    for business in (foreign, "biz_none"):
        assert client.post("/campaigns/new/", form | {"business": business}).status_code == 404
    for one in (world, rival):
        with tenant_tx(one.cast.tenant.id):
            assert not Campaign.objects.filter(name="Astray").exists()
    own = client.post("/campaigns/new/", form | {"business": encode("biz", world.business.pk)})
    assert own.status_code == 303
