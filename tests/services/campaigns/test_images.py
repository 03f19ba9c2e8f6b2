"""What is approved of an image is its content, and exactly that is sent."""

import http.server
import io
import json
import threading
from hashlib import sha256
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from campaigns.dispatch import calls
from campaigns.gateway import plan_ads
from campaigns.models import Ad, Creative, PendingAction
from core.actors import Role
from core.errors import InvalidError
from core.ids import encode
from core.tenancy import tenant_tx
from creatives.models import Asset
from platforms.errors import PlatformError
from tests.services.campaigns.stage import act, connect, count, fresh, running, set_modes


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def origin(settings, tmp_path):
    """A host of images; `body` is what it shows now, and None that it is gone."""
    settings.MEDIA_ROOT = tmp_path
    held = SimpleNamespace(body=picture("red"), hits=0)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            held.hits += 1
            body = held.body or b""
            self.send_response(200 if held.body else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    held.base = f"http://127.0.0.1:{server.server_port}"
    held.url = f"{held.base}/a.png"
    settings.DEV_WEBHOOK_HOSTS = frozenset({held.base})
    yield held
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def campaign(acme):
    set_modes(acme, creative="draft", structural="draft")
    return running(acme, connect(acme))


def push(cast, url, **headers):
    with tenant_tx(cast.tenant.id, readonly=True):
        ad = Ad.objects.get()
    path = "/v1/campaigns/{}/ad-sets/{}/ads/{}/creative".format(
        encode("camp", ad.campaign_id), encode("aset", ad.ad_set_id), encode("ad", ad.pk)
    )
    body = {"creative": {"headline": "N", "link_url": "https://a.example/", "image_url": url}}
    sent = {"content_type": "application/json", "headers": {**cast.headers, **headers}}
    return Client().put(path, json.dumps(body), **sent)


def proposal(cast, answer):
    return fresh(cast, PendingAction, answer.json()["pending_action_id"])


def digest_in(row):
    return row.command["creative"]["image_digest"]


def step_of(row):
    return SimpleNamespace(object_id="c", params={"image_digest": digest_in(row)})


def work_of(cast, sent):
    writer = SimpleNamespace(upload_image=lambda *_args, content, **_kw: sent.append(content))
    return SimpleNamespace(
        tenant_id=cast.tenant.id,
        dispatch=SimpleNamespace(business_id=cast.test_business.id),
        account=SimpleNamespace(external_id="act_1"),
        writer=writer,
    )


def test_what_is_sent_is_what_was_proposed_whatever_the_address_shows_later(acme, campaign, origin):
    answer = push(acme, origin.url)
    assert answer.status_code == 202, answer.content
    row = proposal(acme, answer)
    assert row.after["creative"]["image_digest"] == digest_in(row)
    origin.body = picture("blue")
    sent: list[bytes] = []
    calls._upload_image(work_of(acme, sent), step_of(row))()
    assert [sha256(content).hexdigest() for content in sent] == [digest_in(row)]
    assert origin.hits == 1


def test_other_content_behind_the_same_address_is_another_proposal(acme, campaign, origin):
    first = proposal(acme, push(acme, origin.url))
    assert proposal(acme, push(acme, origin.url)).pk == first.pk
    origin.body = picture("blue")
    second = proposal(acme, push(acme, origin.url))
    assert (second.pk != first.pk, second.fingerprint != first.fingerprint) == (True, True)
    assert count(acme, Asset) == 2


@pytest.mark.parametrize(("body", "code"), [(None, "fetch_failed"), (b"<svg/>", "invalid_image")])
def test_an_image_that_cannot_be_had_is_refused_with_its_field(acme, campaign, origin, body, code):
    origin.body = body
    answer = push(acme, origin.url)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, code)
    assert error["details"]["field"] == "creative.image_url"
    assert (count(acme, PendingAction), count(acme, Creative), count(acme, Asset)) == (0, 1, 0)


def test_a_replay_is_answered_without_the_image(acme, campaign, origin):
    first = push(acme, origin.url, **{"Idempotency-Key": "one"})
    origin.body = None
    again = push(acme, origin.url, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_dashboard_keeps_the_image_too(acme, campaign, origin):
    with tenant_tx(acme.tenant.id, readonly=True):
        ad = Ad.objects.get()
    client = Client()
    client.force_login(acme.people[Role.BUYER])
    path = f"/campaigns/{encode('camp', campaign.pk)}/ads/{encode('ad', ad.pk)}/creative/"
    form = {"link_url": "https://a.example/", "call_to_action": "learn_more"}
    form |= {"headline": "N", "image_url": f"{origin.base}/a.png"}
    origin.body = None
    refused = client.post(path, form)
    assert (refused.status_code, count(acme, Creative)) == (422, 1)
    origin.body = picture("red")
    assert client.post(path, form).status_code == 303
    with tenant_tx(acme.tenant.id, readonly=True):
        asset = Asset.objects.get()
        kept = list(Creative.objects.exclude(image_url="").values_list("image_digest", flat=True))
        waiting = [digest_in(row) for row in PendingAction.objects.all()]
    assert {*kept, *waiting} == {asset.digest}


def test_no_door_takes_an_image_that_was_not_kept(acme, campaign):
    with tenant_tx(acme.tenant.id, readonly=True):
        ad_id = encode("ad", Ad.objects.get().pk)
    creative = {"link_url": "https://a.example/", "image_url": "https://b.example/a.png"}
    with pytest.raises(InvalidError) as caught:
        act(acme, "push_creative", ad_id=ad_id, creative=creative)
    assert caught.value.code == "image_not_kept"


def test_a_stored_file_that_was_changed_is_not_sent(acme, campaign, origin):
    row = proposal(acme, push(acme, origin.url))
    with tenant_tx(acme.tenant.id, readonly=True):
        path = default_storage.path(Asset.objects.get().file)
    with open(path, "wb") as file:
        file.write(picture("blue"))
    with pytest.raises(PlatformError) as caught:
        calls._upload_image(work_of(acme, []), step_of(row))
    assert (caught.value.kind, caught.value.platform_code) == ("invalid", "invalid_image")


def test_ad_sets_and_ads_are_counted(acme, campaign, monkeypatch):
    monkeypatch.setattr(plan_ads, "MOST_AD_SETS", 1)
    monkeypatch.setattr(plan_ads, "MOST_ADS", 1)
    with tenant_tx(acme.tenant.id, readonly=True):
        ad = Ad.objects.get()
    base = f"/v1/campaigns/{encode('camp', campaign.pk)}/ad-sets"
    targeting = {"locations": [{"type": "country", "value": "US"}]}
    creative = {"link_url": "https://a.example/"}
    for path, body in (
        (base, {"name": "Second", "targeting": targeting}),
        (f"{base}/{encode('aset', ad.ad_set_id)}/ads", {"name": "Second", "creative": creative}),
    ):
        answer = Client().post(
            path, json.dumps(body), content_type="application/json", headers=acme.headers
        )
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "too_many")
        assert error["details"]["max_count"] == 1
    assert count(acme, PendingAction) == 0
