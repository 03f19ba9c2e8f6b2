"""A looser policy waits on the policy page; another owner or admin confirms it there."""

import re

import pytest

from campaigns import services
from campaigns.models import PolicyChange
from campaigns.queries import gate_state
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import set_modes


@pytest.fixture
def cast(acme):
    set_modes(acme, tactical="draft")
    services.set_policy(acme.test_business.id, actor=acme.person(), now=NOW, ask_second_person=True)
    return acme


def address(cast, rest=""):
    return f"/policy/{encode('biz', cast.test_business.id)}/{rest}"


def page(cast, client):
    text = client.get(f"/policy/?business={encode('biz', cast.test_business.id)}")
    return text.content.decode()


def tactical(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return gate_state(cast.test_business.id, None).modes["tactical"]


def propose(cast, client):
    body = {"creative": "auto", "tactical": "auto", "structural": "auto"}
    return client.post(address(cast, "authority/"), body, follow=True).content.decode()


def decision(cast, word):
    with tenant_tx(cast.tenant.id, readonly=True):
        row = PolicyChange.objects.get()
    return address(cast, f"changes/{encode('pch', row.pk)}/{word}/")


def test_proposed_shown_confirmed_without_script(cast, browse):
    owner, admin, analyst = (browse(cast, role) for role in (Role.OWNER, Role.ADMIN, Role.ANALYST))
    assert "Waiting for a second person" not in page(cast, owner)
    told = propose(cast, owner)
    assert "waits until another owner or admin confirms it" in told
    assert tactical(cast) == "draft"
    mine = page(cast, owner)
    assert "Another owner or admin confirms what you proposed." in mine
    assert "/confirm/" not in mine
    theirs = page(cast, admin)
    assert cast.people[Role.OWNER].full_name in theirs
    row = re.search(r"<td>draft</td><td class=\"font-medium\">auto</td>", theirs)
    assert row is not None
    assert decision(cast, "confirm") in theirs
    seen = page(cast, analyst)
    assert "Waiting for a second person" in seen
    assert "/changes/" not in seen
    done = admin.post(decision(cast, "confirm"), follow=True)
    assert "Confirmed. The looser policy holds." in done.content.decode()
    assert tactical(cast) == "auto"
    assert "Waiting for a second person" not in page(cast, owner)


def test_the_proposer_is_refused_and_told_why(cast, browse):
    owner = browse(cast, Role.OWNER)
    propose(cast, owner)
    second_session = browse(cast, Role.OWNER)
    answer = second_session.post(decision(cast, "confirm"))
    assert answer.status_code == 403
    assert "Another owner or admin confirms what you proposed." in answer.content.decode()
    assert tactical(cast) == "draft"


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.ANALYST])
def test_other_roles_are_refused(cast, browse, role):
    propose(cast, browse(cast, Role.OWNER))
    for word in ("confirm", "cancel"):
        assert browse(cast, role).post(decision(cast, word)).status_code == 403
    assert tactical(cast) == "draft"


def test_cancelled_it_is_gone(cast, browse):
    owner = browse(cast, Role.OWNER)
    propose(cast, owner)
    answer = owner.post(decision(cast, "cancel"), follow=True)
    assert "Dropped. The policy stays as it is." in answer.content.decode()
    assert tactical(cast) == "draft"
    assert "Waiting for a second person" not in page(cast, owner)
    assert owner.post(decision(cast, "cancel")).status_code == 409


def test_every_kind_is_said_in_words(cast, browse):
    owner, business = cast.person(), cast.test_business.id
    made = services.set_ceiling(
        business, actor=owner, now=NOW, scope="business", limit_micros=10**8, currency="USD"
    )
    services.set_ceiling(
        business, actor=owner, now=NOW, scope="business", limit_micros=2 * 10**8, currency="USD"
    )
    services.remove_ceiling(made.pk, actor=owner, now=NOW)
    services.set_policy(business, actor=owner, now=NOW, four_eyes_micros=10**7)
    services.set_policy(
        business, actor=owner, now=NOW, clear_four_eyes=True, ask_second_person=False
    )
    services.engage_kill_switch(business, actor=owner, now=NOW, stop_delivery=False)
    services.release_kill_switch(business, actor=owner, now=NOW, restore_delivery=True)
    found = page(cast, browse(cast, Role.ADMIN))
    cells = re.findall(r"<td>([^<]*)</td><td class=\"font-medium\">([^<]*)</td>", found)
    assert set(cells) == {
        ("$100.00", "$200.00"),
        ("$100.00", "no ceiling"),
        ("$10.00", "never"),
        ("yes", "no"),
        ("on", "off"),
        ("paused", "resumed"),
    }
    assert "It stays on until another owner or admin confirms the release." in found


def test_the_rule_is_a_box_on_the_page(acme, browse):
    owner = browse(acme, Role.OWNER)
    rules = {"undo_window_s": "30", "approval_expiry_h": "72", "cooldown_h": "24"}
    box = '<input type="checkbox" id="second-person-rule" name="second_person"'
    assert re.search(f"{box}[^>]*checked", page(acme, owner)) is None
    owner.post(address(acme, "rules/"), rules | {"second_person": "on"})
    assert re.search(f"{box}[^>]*checked", page(acme, owner)) is not None
    answer = owner.post(address(acme, "rules/"), rules, follow=True)
    assert "Waiting for a second person" in answer.content.decode()
    assert re.search(f"{box}[^>]*checked", page(acme, owner)) is not None
