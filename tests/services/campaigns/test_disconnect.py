"""A connection is the only way to stop what runs through it."""

import pytest
from django.test import Client

from accounts.models import ApiKey, AuditEvent
from campaigns.models import Campaign, Dispatch
from core.actors import Role
from core.errors import ConflictError
from core.tenancy import tenant_tx
from platforms import services
from platforms.models import Connection
from tests.cast import NOW
from tests.services.campaigns.stage import act, camp_id, connect, count, running, set_modes


@pytest.fixture
def account(acme):
    with tenant_tx(acme.tenant.id):
        ApiKey.objects.update(scopes=["connect", "campaigns:read"])
    return connect(acme)


@pytest.fixture
def campaign(acme, account):
    return running(acme, account)


def status_of(cast, account):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Connection.objects.get(pk=account.connection_id).status


def ask(cast, account):
    return Client().delete(f"/v1/platforms/{account.connection.public_id}", headers=cast.headers)


def test_a_key_does_not_disconnect_what_runs(acme, account, campaign):
    answer = ask(acme, account)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "connection_in_use"
    assert error["details"]["campaigns"] == [{"id": camp_id(campaign), "name": "Running"}]
    assert "Pause them" in error["hint"]
    assert status_of(acme, account) == "connected"
    assert count(acme, AuditEvent, event_type="connection.disconnected") == 0


@pytest.mark.parametrize("state", ["ready", "sent", "unknown", "held", "done", "failed"])
def test_a_key_does_not_disconnect_while_a_change_is_on_its_way(acme, account, campaign, state):
    set_modes(acme)
    act(acme, "pause_campaign", campaign_id=camp_id(campaign))
    with tenant_tx(acme.tenant.id):
        Campaign.objects.update(status="PAUSED")
        assert Dispatch.objects.update(state=state) == 1
    free = state in ("done", "failed")
    assert ask(acme, account).status_code == (204 if free else 409)
    assert status_of(acme, account) == ("disconnected" if free else "connected")


def test_what_runs_elsewhere_does_not_matter(acme, account, campaign):
    other = connect(acme, acme.live_business)
    running(acme, other, business=acme.live_business, external_id="9")
    with tenant_tx(acme.tenant.id):
        Campaign.objects.filter(pk=campaign.pk).update(status="PAUSED")
    assert ask(acme, account).status_code == 204


def test_an_agent_cannot_say_that_it_was_told(acme, account, campaign):
    with pytest.raises(ConflictError):
        services.disconnect(acme.agent, account.connection, now=NOW, with_uses=True)
    assert status_of(acme, account) == "connected"


def test_a_person_is_told_what_keeps_running_and_may_stop_it_first(acme, account, campaign):
    client = Client()
    client.force_login(acme.people[Role.ADMIN])
    path = f"/connections/{account.connection.public_id}/disconnect"
    told = client.post(path)
    page = told.content.decode()
    assert told.status_code == 409
    assert f'href="/campaigns/{camp_id(campaign)}/">Running</a>' in page
    assert 'href="/policy/"' in page
    assert status_of(acme, account) == "connected"
    assert client.post(path, {"anyway": "on"}).status_code == 302
    assert status_of(acme, account) == "disconnected"
    with tenant_tx(acme.tenant.id, readonly=True):
        row = AuditEvent.objects.get(event_type="connection.disconnected")
    assert row.facts["still_running"] == 1
