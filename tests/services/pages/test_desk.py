"""The desk of unknown outcomes: honest words, and buttons that work without script."""

import re

import pytest

from campaigns.models import Dispatch, DispatchStep
from core.actors import Role
from core.clock import now
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from tests.services.campaigns.stage import connect
from tests.services.pages.conftest import add_campaign


@pytest.fixture
def entry(acme):
    """Add a launch at the desk whose campaign stands at the platform."""
    campaign = add_campaign(acme, status="DRAFT", ad_account=connect(acme))

    def add(state="failed", kind="launch_campaign", **values):
        with tenant_tx(acme.tenant.id):
            row = Dispatch.objects.create(
                **{
                    "tenant_id": acme.tenant.id,
                    "business": acme.test_business,
                    "environment": "test",
                    "platform": "meta",
                    "ad_account_id": campaign.ad_account_id,
                    "campaign_id": campaign.pk,
                    "state": state,
                    "command_kind": kind,
                    "command": {"campaign_id": encode("camp", campaign.pk)},
                    "command_digest": new_uuid().hex,
                    "target_type": "campaign",
                    "target_id": campaign.pk,
                    "actor_kind": "api_key",
                    "actor_id": acme.agent.id,
                    "needs_person": True,
                    "next_attempt_at": now(),
                    "created_at": now(),
                    **values,
                }
            )
            DispatchStep.objects.create(
                tenant_id=acme.tenant.id,
                dispatch=row,
                seq=0,
                kind="create_campaign",
                object_type="campaign",
                object_id=campaign.pk,
                tag=new_uuid().hex[-10:],
                state="done",
                external_id=campaign.external_id,
                payload_digest="",
            )
        return encode("job", row.pk)

    return add


def desk(client, query=""):
    return client.get(f"/attention/{query}").content.decode()


def forms(text):
    return sorted(re.findall(r'action="/attention/job_\w+/(\w+)/"', text))


def post(client, job, step, **form):
    return client.post(f"/attention/{job}/{step}/", form)


def needs_person(cast, job):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Dispatch.objects.filter(needs_person=True).count()


def test_empty_desk_says_so(acme, browse):
    assert "Every change sent so far has a confirmed result." in desk(browse(acme))


@pytest.mark.parametrize(
    ("state", "kind", "buttons", "words"),
    [
        ("held", "launch_campaign", ["continue", "remove"], "The kill switch stopped it midway."),
        ("failed", "launch_campaign", ["acknowledge", "continue", "remove"], "It ended midway."),
        ("failed", "create_ad", ["acknowledge", "remove"], "It ended midway."),
        ("done", "launch_campaign", ["acknowledge"], "paused, not deleted"),
        ("unknown", "launch_campaign", [], "sends nothing again before it knows"),
    ],
)
def test_each_state_has_its_words_and_buttons(acme, browse, entry, state, kind, buttons, words):
    entry(state, kind)
    text = desk(browse(acme))
    assert (forms(text), words in text) == (buttons, True)


def test_desk_says_steps_and_states_in_words(acme, browse, entry):
    entry("failed", "launch_campaign")
    text = desk(browse(acme))
    assert '<span class="tag tag-error">Failed</span>' in text
    assert "<td>Create campaign</td>" in text
    assert "create_" not in text


def test_readers_see_the_desk_without_buttons(acme, browse, entry):
    job = entry()
    for role in (Role.ANALYST, Role.APPROVER):
        text = desk(browse(acme, role))
        assert (forms(text), job in text) == ([], True)
        assert "A buyer, admin or owner settles it." in text
        for step in ("remove", "continue", "acknowledge"):
            assert post(browse(acme, role), job, step, confirm="on").status_code == 403
    assert needs_person(acme, job) == 1


def test_removal_asks_for_the_box_and_goes_through_the_gate(acme, browse, entry):
    job, client = entry(), browse(acme)
    refused = post(client, job, "remove")
    assert refused.status_code == 422
    assert "Tick the box to confirm." in refused.content.decode()
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Dispatch.objects.filter(command_kind="remove_remains").count() == 0
    answer = post(client, job, "remove", confirm="on")
    assert (answer.status_code, answer.url) == (303, "/attention/")
    text = desk(client)
    assert "On its way to the platform." in text
    assert "Another change of this campaign is under way" in text
    assert forms(text) == []
    with tenant_tx(acme.tenant.id, readonly=True):
        removal = Dispatch.objects.get(command_kind="remove_remains")
    assert (removal.actor_kind, removal.survives_kill) == ("user", True)


def test_acknowledged_it_is_off_the_list(acme, browse, entry):
    job, client = entry("done"), browse(acme)
    assert post(client, job, "acknowledge").status_code == 422
    assert post(client, job, "acknowledge", confirm="on").status_code == 303
    assert "Nothing was sent to the platform." in desk(client)
    assert post(client, job, "acknowledge", confirm="on").status_code == 409
    assert needs_person(acme, job) == 0


def test_continuing_without_a_readable_platform_sends_nothing(acme, browse, entry, monkeypatch):
    from campaigns.services import desk as service
    from platforms.errors import PlatformError

    def away(account, *, timeout_s):
        raise PlatformError("unavailable", "down")

    monkeypatch.setattr(service, "open_reader", away)
    answer = post(browse(acme), entry("held"), "continue")
    assert answer.status_code == 503
    assert "nothing was sent" in answer.content.decode()
    with tenant_tx(acme.tenant.id, readonly=True):
        assert list(Dispatch.objects.values_list("state", flat=True)) == ["held"]


def test_unknown_step_and_foreign_job_are_not_found(acme, rival, browse, entry):
    job = entry()
    assert post(browse(acme), job, "approve").status_code == 404
    assert post(browse(rival), job, "remove", confirm="on").status_code == 404
    assert job not in desk(browse(rival))


def test_the_desk_is_paged(acme, browse, entry, monkeypatch):
    from config.faces import attention

    monkeypatch.setattr(attention, "PAGE", 2)
    jobs = [entry(state="failed", command_digest=str(n)) for n in range(3)]
    client, seen, query = browse(acme), [], ""
    for _ in range(2):
        text = desk(client, query)
        seen += re.findall(r'<h2 id="(job_\w+)">', text)
        query = (re.findall(r'href="(\?cursor=[^"]+)"', text) or [""])[0]
    assert (seen, query) == (jobs[::-1], "")
