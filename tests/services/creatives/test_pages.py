"""The creative pages, used as a person without scripts does."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent
from billing.models import CreditLedger
from campaigns.models import Ad, AdSet, Campaign
from core.actors import Role
from core.clock import now
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx
from creatives.models import BrandRules, Generation
from creatives.services import running
from tests.services.pages.conftest import add_campaign

CHAIRS = "Handmade oak chairs for small homes. Each one is finished with natural oil"


def client_of(cast, role=Role.OWNER):
    client = Client()
    client.force_login(cast.people[role])
    return client


@pytest.fixture
def owner(acme):
    return client_of(acme)


def copy(cast, **changes):
    return {
        "business": encode("biz", cast.test_business.pk),
        "request_key": "0" * 32,
        "product_description": CHAIRS,
        "platform": "facebook",
        "placement": "feed",
        "language": "en",
        "tone": "friendly",
        "types": ["headline", "primary_text"],
        "count": "2",
        "provider": "auto",
        "image_provider": "auto",
        "style": "minimal",
        "size": "1080x1080",
        **changes,
    }


def rows_of(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(Generation.objects.order_by("created_at", "id"))


def audits(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return list(AuditEvent.objects.order_by("chain_seq").values_list("event_type", flat=True))


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_copy_is_generated_shown_and_listed(acme, owner):
    answer = owner.post("/creatives/new/", copy(acme))
    [row] = rows_of(acme)
    page = f"/creatives/{encode('gen', row.pk)}/"
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert (row.kind, row.status, row.credits_used) == ("text", "completed", 2)
    assert row.input["types"] == ["headline", "primary_text"]
    shown = text_of(owner.get(page))
    assert "provider: local" in shown
    assert "made without a model" in shown
    for one in row.variations:
        assert one["headline"] in shown
    assert shown.count("<h4") == 2
    assert "<li>Handmade oak chairs for small homes</li>" in shown
    assert "no prediction: the business has no delivery yet" in shown
    listed = text_of(owner.get("/creatives/"))
    assert page in listed
    assert "provider: local" in listed
    assert audits(acme) == ["generation.requested"]


def test_a_form_that_is_sent_twice_makes_one_generation(acme, owner):
    first, again = (owner.post("/creatives/new/", copy(acme)) for _ in range(2))
    assert first["Location"] == again["Location"]
    assert [row.credits_used for row in rows_of(acme)] == [2]
    other = owner.post("/creatives/new/", copy(acme, count="1"))
    assert other.status_code == 422
    assert len(rows_of(acme)) == 1


def test_images_are_followed_until_they_are_there(acme, owner):
    answer = owner.post("/creatives/new/", copy(acme, include_images="on", count="1"))
    page = answer["Location"]
    waiting = text_of(owner.get(page))
    assert f'hx-get="{page}" hx-trigger="every 3s"' in waiting
    assert "Reload the page" in waiting
    part = owner.get(page, headers={"HX-Request": "true"})
    assert "<html" not in text_of(part)
    assert running.run_due(now()) == 1
    done = text_of(owner.get(page))
    assert "hx-trigger" not in done.split('id="generation"', 1)[1]
    [row] = rows_of(acme)
    address = f"/assets/{row.variations[0]['asset_id']}"
    assert f'<img src="{address}"' in done
    assert f'<img src="{address}"' in text_of(owner.get("/creatives/images/"))
    assert owner.get(address).headers["Content-Type"] == "image/jpeg"


def test_images_alone(acme, owner):
    body = {"prompt": "A chair by a window", "count": "2", "style": "bold", "size": "1200x628"}
    form = {"business": copy(acme)["business"], "provider": "local", **body}
    answer = owner.post("/creatives/new/?kind=image", form)
    assert answer.status_code == 302
    [row] = rows_of(acme)
    assert (row.kind, row.credits_reserved, row.status) == ("image", 2, "processing")
    assert "2 held" in text_of(owner.get(answer["Location"]))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"product_description": "https://acme.example/"}, "Say in words what it is about"),
        ({"product_description": ""}, "This field is required"),
        ({"platform": "tiktok", "placement": "stories"}, "tiktok has no placement stories"),
        ({"language": "ja"}, "The local provider does not write this language"),
        ({"count": "11"}, "less than or equal to 10"),
        ({"types": []}, "This field is required"),
        ({"provider": "anthropic"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_stands_in_the_form_and_nothing_is_made(acme, owner, wrong, words):
    answer = owner.post("/creatives/new/", copy(acme, **wrong))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert rows_of(acme) == []
    with tenant_tx(acme.tenant.id, readonly=True):
        assert CreditLedger.objects.filter(reserved__gt=0).count() == 0


def test_used_up_credits_are_told_and_nothing_is_made(acme, owner):
    before = text_of(owner.get(f"/creatives/new/?business={copy(acme)['business']}"))
    assert "This costs 3 credits." in before
    assert "10 test credits are left this month." in before
    for number in range(5):
        owner.post("/creatives/new/", copy(acme, request_key=f"{number:032x}"))
    answer = owner.post("/creatives/new/", copy(acme, count="1", request_key="f" * 32))
    shown = text_of(answer)
    assert answer.status_code == 403
    assert "0 test credits are left this month." in shown
    assert "Nothing was made." in shown
    assert "That is not enough." in shown
    assert 'href="/billing/"' in shown
    assert len(rows_of(acme)) == 5


def test_the_cost_follows_the_form(acme, owner):
    part = owner.get(
        "/creatives/new/?kind=copy&count=4&include_images=on", headers={"HX-Request": "true"}
    )
    shown = text_of(part)
    assert "This costs 8 credits." in shown
    assert "<form" not in shown
    assert "This costs 4 credits." in text_of(owner.get("/creatives/new/?kind=image&count=99"))


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER])
def test_who_only_reads_sees_the_list_and_makes_nothing(acme, owner, role):
    owner.post("/creatives/new/", copy(acme))
    reader = client_of(acme, role)
    listed = text_of(reader.get("/creatives/"))
    assert "Handmade oak chairs" in listed
    assert "/creatives/new/" not in listed
    for path in ("/creatives/new/", "/creatives/brand-rules/"):
        assert reader.get(path).status_code == 403
        assert reader.post(path, copy(acme, request_key="1" * 32)).status_code == 403
    assert len(rows_of(acme)) == 1


def test_filters_stand_in_the_address(acme, owner):
    owner.post("/creatives/new/", copy(acme))
    form = {"business": copy(acme)["business"], "provider": "local", "prompt": "An oak table"}
    owner.post(
        "/creatives/new/?kind=image", {**form, "count": "1", "style": "bold", "size": "1200x628"}
    )
    both = text_of(owner.get("/creatives/"))
    assert "Handmade oak chairs" in both
    assert "An oak table" in both
    images = text_of(owner.get("/creatives/?kind=image&status=processing"))
    assert "Handmade oak chairs" not in images
    assert "An oak table" in images
    assert "No generation matches" in text_of(owner.get("/creatives/?status=failed"))
    assert "An oak table" in text_of(owner.get("/creatives/?kind=odd"))
    live = encode("biz", acme.live_business.pk)
    assert "No generation matches" in text_of(owner.get(f"/creatives/?business={live}"))


def test_a_failed_generation_says_why_and_what_to_do(acme, owner):
    with tenant_tx(acme.tenant.id):
        row = Generation.objects.create(
            tenant_id=acme.tenant.id,
            business=acme.test_business,
            environment="test",
            kind="image",
            status="failed",
            error_code="provider_refused",
            input={"prompt": "<b>chair</b>"},
            provider="auto",
            reservation_id=new_uuid(),
            credits_reserved=1,
            next_attempt_at=now(),
            created_by="key_x",
            created_at=now(),
        )
    shown = text_of(owner.get(f"/creatives/{encode('gen', row.pk)}/"))
    assert "Every provider refused the request." in shown
    assert "Nothing was charged." in shown
    assert "&lt;b&gt;chair&lt;/b&gt;" in shown
    assert "provider: " not in shown


def test_empty_pages_say_what_to_do(acme, owner):
    assert "Nothing generated yet" in text_of(owner.get("/creatives/"))
    assert "No images yet" in text_of(owner.get("/creatives/images/"))
    assert owner.get("/creatives/gen_none/").status_code == 404


def test_a_neighbours_business_is_not_generated_for(acme, rival, owner):
    foreign = copy(acme, business=encode("biz", rival.test_business.pk))
    assert owner.post("/creatives/new/", foreign).status_code == 404
    assert owner.post("/creatives/brand-rules/", foreign).status_code == 404
    assert rows_of(acme) == rows_of(rival) == []


def test_brand_rules_are_written_and_followed(acme, owner):
    business = encode("biz", acme.test_business.pk)
    form = {
        "business": business,
        "voice": "Plain and warm",
        "banned_words": "handmade\n\ncheap",
        "colors": "#1f3a5f, #e07a5f",
        "logo_url": "",
    }
    answer = owner.post("/creatives/brand-rules/", form)
    assert answer["Location"] == f"/creatives/brand-rules/?business={business}"
    with tenant_tx(acme.tenant.id, readonly=True):
        rules = BrandRules.objects.get()
    assert (rules.voice, rules.banned_words) == ("Plain and warm", ["handmade", "cheap"])
    assert rules.colors == ["#1f3a5f", "#e07a5f"]
    assert audits(acme) == ["brand_rules.changed"]
    assert "handmade, cheap" in text_of(owner.get(f"/creatives/new/?business={business}"))
    owner.post("/creatives/new/", copy(acme))
    [row] = rows_of(acme)
    assert "handmade" not in str(row.variations).lower()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"colors": "red"}, "should match pattern"), ({"logo_url": "http://10.0.0.1/x"}, "")],
)
def test_brand_rules_that_are_wrong_change_nothing(acme, owner, wrong, words):
    form = {"business": encode("biz", acme.test_business.pk), "banned_words": "cheap", **wrong}
    answer = owner.post("/creatives/brand-rules/", form)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "errorlist" in text_of(answer)
    with tenant_tx(acme.tenant.id, readonly=True):
        assert BrandRules.objects.count() == 0
    assert audits(acme) == []


def local_tree(cast):
    campaign = add_campaign(cast, status="DRAFT", effective_status="DRAFT", external_id="")
    with tenant_tx(cast.tenant.id):
        ad_set = AdSet.objects.create(
            tenant_id=cast.tenant.id,
            campaign=campaign,
            name="US",
            targeting={"locations": [{"type": "country", "value": "US"}]},
            created_at=now() - timedelta(days=1),
            updated_at=now(),
        )
    return f"/campaigns/{encode('camp', campaign.pk)}/ad-sets/{encode('aset', ad_set.pk)}/ads/new/"


def test_a_variation_fills_the_forms_of_an_ad_and_of_a_campaign(acme, owner):
    owner.post("/creatives/new/", copy(acme))
    [row] = rows_of(acme)
    public_id, one = encode("gen", row.pk), row.variations[1]
    business = encode("biz", acme.test_business.pk)
    query = f"generation={public_id}&variation=2"
    campaign = owner.get(f"/campaigns/new/?business={business}&{query}")
    assert campaign.context["form"].initial == {
        "name": one["headline"],
        "message": one["primary_text"],
    }
    page = local_tree(acme)
    assert f"?{query.replace('&', '&amp;')}" in owner.get(page).content.decode()
    form = owner.get(f"{page}?{query}").context["form"]
    assert form.initial["primary_text"] == one["primary_text"]
    sent = {**form.initial, "link_url": "https://acme.example/", "call_to_action": "learn_more"}
    assert owner.post(page, sent).status_code == 303
    with tenant_tx(acme.tenant.id, readonly=True):
        ad = Ad.objects.select_related("creative").get()
    assert (ad.generation_id, ad.creative.primary_text) == (public_id, one["primary_text"])
    assert owner.get(f"{page}?generation={public_id}&variation=3").status_code == 404
    live = encode("biz", acme.live_business.pk)
    assert owner.get(f"/campaigns/new/?business={live}&{query}").status_code == 404


def test_an_ad_does_not_name_a_generation_that_is_not_the_businesss(acme, rival, owner):
    client_of(rival).post("/creatives/new/", copy(rival))
    [foreign] = rows_of(rival)
    page = local_tree(acme)
    parts = page.strip("/").split("/")
    with tenant_tx(acme.tenant.id):
        campaign = Campaign.objects.get()
        of_another = Generation.objects.create(
            **{
                name: getattr(foreign, name)
                for name in (
                    "environment", "kind", "status", "input", "provider", "credits_reserved",
                    "next_attempt_at", "created_by", "created_at",
                )
            },
            tenant_id=acme.tenant.id,
            business=acme.live_business,
            reservation_id=new_uuid(),
        )  # fmt: skip
    assert campaign.business_id == acme.test_business.pk
    before = audits(acme)
    for wrong in (encode("gen", foreign.pk), encode("gen", of_another.pk), "gen_x", "camp_x"):
        answer = Client().post(
            f"/v1/campaigns/{parts[1]}/ad-sets/{parts[3]}/ads",
            {
                "name": "One",
                "creative": {"headline": "Chairs", "link_url": "https://acme.example/"},
                "generation_id": wrong,
            },
            content_type="application/json",
            headers=acme.headers,
        )
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "generation_not_found")
        assert error["details"]["field"] == "generation_id"
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Ad.objects.count() == 0
    assert audits(acme) == before


def test_a_key_reads_the_bytes_of_its_image(acme, rival):
    body = {"prompt": "An oak chair", "business_id": encode("biz", acme.test_business.pk)}
    made = Client().post(
        "/v1/ai/generate/image", body, content_type="application/json", headers=acme.headers
    )
    assert running.run_due(now()) == 1
    path = f"/v1/ai/generations/{made.json()['id']}"
    [one] = Client().get(path, headers=acme.headers).json()["variations"]
    address = f"/v1/ai/assets/{one['asset_id']}/content"
    for accepts in ("*/*", "image/*", "image/webp", "application/json"):
        answer = Client().get(address, headers={**acme.headers, "Accept": accepts})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content[:3] == b"\xff\xd8\xff"
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for headers, status in (({}, 401), (rival.headers, 404)):
        refused = Client().get(address, headers={**headers, "Accept": "image/*"})
        assert refused.status_code == status
        assert refused.headers["Content-Type"] == "application/json"
        assert "error" in refused.json()
