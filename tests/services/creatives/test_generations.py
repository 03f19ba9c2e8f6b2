"""/ai/generate and /ai/generations over HTTP with the local provider."""

import io
import json
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from accounts.models import AuditEvent, OutboxEvent
from billing.credits import balance
from billing.models import CreditReservation
from campaigns.models import Ad
from core.clock import now
from core.ids import decode, encode, new_uuid
from core.tenancy import tenant_tx
from creatives.domain.limits import LENGTHS
from creatives.models import Asset, BrandRules, Generation
from creatives.services import running
from creatives.services.assets import store_image
from platforms.metrics.models import MetricFact
from tests.cast import NOW

CHAIRS = "Handmade oak chairs for small homes. Each one is finished with natural oil"


def call(cast, method, path, body=None, **headers):
    return Client().generic(
        method,
        f"/v1/ai/{path}",
        data=json.dumps(body) if body is not None else b"",
        content_type="application/json",
        headers={**cast.headers, **headers},
    )


def text(cast, **changes):
    body = {"product_description": CHAIRS, "variations": 2, **changes}
    return call(cast, "POST", "generate/text", body)


def picture(cast, asset):
    """What a signed-in person is shown of an image."""
    client = Client()
    client.force_login(cast.people["owner"])
    return client.get(f"/assets/{asset}")


def credits_of(cast, environment="test"):
    with tenant_tx(cast.tenant.id, readonly=True):
        return balance("generation", now(), environment=environment)


def rows_of(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Generation.objects.count(), CreditReservation.objects.count()


def test_copy_is_made_inline_and_charged_by_variation(acme):
    answer = text(acme, target_audience="People with small flats")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["provider"], body["kind"]) == ("completed", "local", "text")
    assert body["variations"] == body["result"]["variations"]
    assert len(body["variations"]) == 2
    lengths = LENGTHS["facebook", "feed"]
    for one in body["variations"]:
        assert 0 < len(one["headline"]) <= lengths.headline
        assert 0 < len(one["primary_text"]) <= lengths.primary_text
        assert 0 < len(one["description"]) <= lengths.description
        assert (one["predicted_ctr"], one["predicted_ctr_reason"]) == (None, "no_history")
    assert (body["credits_used"], body["credits_remaining"], body["credits_reserved"]) == (2, 8, 0)
    assert call(acme, "GET", f"generations/{body['id']}").json() == body
    with tenant_tx(acme.tenant.id, readonly=True):
        event = OutboxEvent.objects.get(event_type="generation.completed")
        assert event.payload["generation_id"] == body["id"]
        assert event.payload["status"] == "completed"
        audit = AuditEvent.objects.get(event_type="generation.requested")
        assert audit.facts == {"kind": "text", "credits": 2}
    listed = call(acme, "GET", "generations").json()
    assert [row["id"] for row in listed["data"]] == [body["id"]]
    assert call(acme, "GET", "generations?status=failed").json()["data"] == []
    assert call(acme, "GET", "generations?status=odd").status_code == 422


def test_only_the_texts_that_are_asked_for(acme):
    one = text(acme, types=["headline"], placement="reels").json()["variations"][0]
    assert one["headline"]
    assert (one["primary_text"], one["description"]) == ("", "")


def test_images_are_made_by_the_loop_and_an_ad_can_name_them(acme):
    body = {"prompt": "An oak chair by a window", "count": 2, "size": "1200x628"}
    answer = call(acme, "POST", "generate/image", body)
    assert answer.status_code == 202
    waiting = answer.json()
    assert (waiting["status"], waiting["variations"]) == ("processing", [])
    assert (waiting["credits_used"], waiting["credits_reserved"]) == (0, 2)
    assert waiting["credits_remaining"] == 8
    assert running.run_due(now()) == 1
    assert running.run_due(now()) == 0
    done = call(acme, "GET", f"generations/{waiting['id']}").json()
    assert (done["status"], done["credits_used"], done["credits_remaining"]) == ("completed", 2, 8)
    assert len({one["asset_id"] for one in done["variations"]}) == 2
    for one in done["variations"]:
        shown = picture(acme, one["asset_id"])
        with Image.open(io.BytesIO(shown.content)) as image:
            assert image.size == (1200, 628) == (one["width"], one["height"])
        assert one["image_url"].endswith(f"/assets/{one['asset_id']}")


def test_variations_with_images_carry_both(acme):
    body = {
        "product_description": CHAIRS,
        "count": 2,
        "include_images": True,
        "platform": "instagram",
    }
    waiting = call(acme, "POST", "generate/variations", body)
    assert (waiting.status_code, waiting.json()["credits_reserved"]) == (202, 4)
    running.run_due(now())
    done = call(acme, "GET", f"generations/{waiting.json()['id']}").json()
    assert (done["status"], done["provider"], done["credits_used"]) == ("completed", "local", 4)
    assert all(one["headline"] and one["image_url"] for one in done["variations"])
    inline = call(acme, "POST", "generate/variations", {"product_description": CHAIRS, "count": 1})
    assert (inline.status_code, inline.json()["credits_used"]) == (200, 1)


def test_a_repeated_key_makes_nothing_twice(acme):
    body = {"product_description": CHAIRS, "variations": 3}
    first = call(acme, "POST", "generate/text", body, **{"Idempotency-Key": "k1"})
    again = call(acme, "POST", "generate/text", body, **{"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert rows_of(acme) == (1, 1)
    assert credits_of(acme).used == 3
    other = call(
        acme, "POST", "generate/text", {**body, "tone": "bold"}, **{"Idempotency-Key": "k1"}
    )
    assert other.status_code == 422
    assert rows_of(acme) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        (
            {"product_description": "!!! https://x.example"},
            "product_description",
            "validation_error",
        ),
        ({"placement": "reels", "platform": "reddit"}, "placement", "validation_error"),
        ({"provider": "openai"}, "provider", "provider_not_configured"),
        ({"language": "ja"}, "language", "language_not_available"),
        ({"variations": 11}, "variations", "validation_error"),
        ({"tone": "rude"}, "tone", "validation_error"),
        ({"actions": []}, "actions", "validation_error"),
    ],
)
def test_what_cannot_be_made_is_refused_and_costs_nothing(acme, changes, field, code):
    error = text(acme, **changes)
    assert error.status_code == 422
    assert error.json()["error"]["code"] == code
    assert error.json()["error"]["details"]["field"] == field
    assert rows_of(acme) == (0, 0)


def test_used_up_credits_name_the_plan_and_leave_nothing(acme):
    assert text(acme, variations=10).json()["credits_remaining"] == 0
    refused = text(acme, variations=1)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "plan_limit_reached")
    assert rows_of(acme) == (1, 1)


def test_a_failed_generation_says_why_and_gives_its_credits_back(acme):
    with tenant_tx(acme.tenant.id):
        BrandRules.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            banned_words=["oak"],
            updated_at=NOW,
        )
    answer = text(acme, product_description="Oak!")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["error"]["code"]) == ("failed", "nothing_to_say")
    assert body["error"]["hint"]
    assert (body["credits_used"], body["credits_remaining"]) == (0, 10)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert OutboxEvent.objects.get().payload["status"] == "failed"


def test_a_dead_request_is_taken_over_and_a_late_result_dropped(acme, monkeypatch):
    monkeypatch.setattr(running, "run_inline", lambda *args, **kwargs: None)
    waiting = text(acme)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "processing")
    assert running.run_due(now()) == 0
    later = now() + timedelta(minutes=3)
    with tenant_tx(acme.tenant.id, readonly=True):
        late = running._job(Generation.objects.get())
    assert running.run_due(later) == 1
    assert call(acme, "GET", f"generations/{waiting.json()['id']}").json()["credits_used"] == 2
    running._run(late, now=later, seconds=5, last=True)
    assert credits_of(acme).used == 2
    with tenant_tx(acme.tenant.id, readonly=True):
        assert OutboxEvent.objects.filter(event_type="generation.completed").count() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("generate/image", {"prompt": "A chair"}),
        ("generate/variations", {"product_description": CHAIRS, "include_images": True}),
    ],
)
def test_what_the_loop_took_first_is_not_made_by_the_request_too(acme, monkeypatch, path, body):
    waiting = call(acme, "POST", path, body).json()
    generation_id = decode("gen", waiting["id"])
    job = running._claim(acme.tenant.id, generation_id, now())
    made, make = [], running._make
    monkeypatch.setattr(running, "_make", lambda *args, **named: made.append(make(*args, **named)))
    running.run_inline(acme.tenant.id, generation_id, now=now())
    assert made == []
    assert call(acme, "GET", f"generations/{waiting['id']}").json()["status"] == "processing"
    monkeypatch.setattr(running, "_make", make)
    running._run(job, now=now(), seconds=60, last=True)
    assert call(acme, "GET", f"generations/{waiting['id']}").json()["status"] == "completed"


def test_workers_that_die_three_times_give_the_credits_back(acme, monkeypatch):
    call(acme, "POST", "generate/image", {"prompt": "A chair"})
    monkeypatch.setattr(running, "_run", lambda *args, **kwargs: None)
    moment = now()
    for _ in range(4):
        running.run_due(moment)
        moment += timedelta(minutes=20)
    with tenant_tx(acme.tenant.id, readonly=True):
        row = Generation.objects.get()
    assert (row.status, row.error_code, row.attempts) == ("failed", "internal_error", 3)
    assert (credits_of(acme).reserved, credits_of(acme).remaining) == (0, 10)


def test_predicted_ctr_comes_from_the_business_own_ads(acme):
    with tenant_tx(acme.tenant.id):
        for number in range(6):
            MetricFact.objects.create(
                tenant_id=acme.tenant.id,
                business_id=acme.test_business.id,
                ad_account_id=acme.tenant.id,
                campaign_id=acme.tenant.id,
                ad_set_id=acme.tenant.id,
                ad_id=new_uuid(),
                day=NOW.date(),
                publisher_platform="facebook",
                currency="USD",
                impressions=10_000,
                clicks=200 + number,
                synced_at=NOW,
            )
    one = text(acme).json()["variations"][0]
    assert 1.9 < one["predicted_ctr"] < 2.1
    low, high = one["predicted_ctr_interval"]
    assert low <= one["predicted_ctr"] <= high
    assert one["predicted_ctr_reason"] is None
    other = text(acme, platform="instagram").json()["variations"][0]
    assert other["predicted_ctr_reason"] == "platform_without_history"


def test_brand_rules_are_replaced_and_kept_to(acme):
    path = f"brand-rules/{_business(acme)}"
    assert call(acme, "GET", path).json()["banned_words"] == []
    with tenant_tx(acme.tenant.id):
        asset = _asset(acme)
    wanted = {
        "voice": "Plain <b>and</b> warm",
        "banned_words": ["cheap", "cheap", "best"],
        "colors": ["#102030"],
        "logo_url": f"/assets/{asset}",
    }
    answer = call(acme, "PUT", path, wanted)
    assert answer.status_code == 200
    assert answer.json()["voice"] == "Plain and warm"
    assert answer.json()["banned_words"] == ["cheap", "best"]
    assert answer.json()["logo_url"].endswith(f"/assets/{asset}")
    assert call(acme, "GET", path).json() == answer.json()
    made = text(acme, product_description="Cheap chairs, the best in town, made of oak").json()
    assert made["status"] == "completed"
    assert "cheap" not in json.dumps(made["variations"]).lower()
    body = {"prompt": "A chair"}
    drawn = call(acme, "POST", "generate/image", body).json()["id"]
    running.run_due(now())
    shown = call(acme, "GET", f"generations/{drawn}").json()["variations"][0]["asset_id"]
    with Image.open(io.BytesIO(picture(acme, shown).content)) as image:
        assert (
            max(abs(a - b) for a, b in zip(image.getpixel((540, 900)), (16, 32, 48), strict=True))
            < 6
        )
    for broken in (
        {"colors": ["red"]},
        {"logo_url": "/assets/ast_none"},
        {"logo_url": "http://10.0.0.1/"},
    ):
        assert call(acme, "PUT", path, broken).status_code == 422
    assert call(acme, "GET", path).json() == answer.json()


def _business(cast):

    return encode("biz", cast.test_business.pk)


def _asset(cast):

    out = io.BytesIO()
    Image.new("RGBA", (8, 4), (1, 2, 3, 100)).save(out, "PNG")
    made = store_image(
        tenant_id=cast.tenant.id, business_id=cast.test_business.pk, content=out.getvalue(), now=NOW
    )
    return encode("ast", made.pk)


def test_an_image_is_served_as_nothing_but_an_image(acme, rival):
    asset = _asset(acme)
    answer = picture(acme, asset)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{asset}.png"'
    assert answer.headers["Cache-Control"].startswith("private")
    assert picture(rival, asset).status_code == 404
    assert Client().get(f"/assets/{asset}").status_code == 302
    with tenant_tx(acme.tenant.id):
        row = Asset.objects.get(pk=decode("ast", asset))
        Asset.objects.filter(pk=row.pk).update(content_type="text/html")
    odd = picture(acme, asset).headers
    assert odd["Content-Type"] == "application/octet-stream"
    assert odd["Content-Disposition"].startswith("attachment")
    default_storage.delete(row.file)
    assert picture(acme, asset).status_code == 404


def test_an_ad_takes_a_variation_as_it_is(acme):
    body = {"product_description": CHAIRS, "count": 1, "include_images": True}
    generation = call(acme, "POST", "generate/variations", body).json()["id"]
    running.run_due(now())
    made = call(acme, "GET", f"generations/{generation}").json()["result"]["variations"][0]

    def post(path, content):
        answer = Client().post(
            f"/v1/campaigns{path}", content, "application/json", headers=acme.headers
        )
        assert answer.status_code == 201, answer.content
        return answer.json()["id"]

    campaign = post("", {"name": "Chairs", "objective": "traffic", "daily_budget": 20})
    countries = [{"type": "country", "value": "US"}]
    ad_set = post(f"/{campaign}/ad-sets", {"name": "US", "targeting": {"locations": countries}})
    names = ("headline", "primary_text", "description", "image_url")
    creative = {name: made[name] for name in names} | {"link_url": "https://acme.example/"}
    ad = post(
        f"/{campaign}/ad-sets/{ad_set}/ads",
        {"name": "One", "creative": creative, "generation_id": generation},
    )
    with tenant_tx(acme.tenant.id, readonly=True):
        row = Ad.objects.select_related("creative").get(pk=decode("ad", ad))
        asset = Asset.objects.get(pk=decode("ast", made["asset_id"]))
    assert row.generation_id == generation
    assert row.creative.image_digest == asset.digest
