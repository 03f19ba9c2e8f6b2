"""Every write is reachable from REST, the dashboard, an MCP tool and a plain call, through the same
Command and with equal result.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client

from campaigns.domain.operations import OPERATIONS
from campaigns.models import Ad, AdSet, Campaign, Dispatch, DispatchStep
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.services.campaigns.stage import MICROS, act, connect, running
from tests.services.mcp.talk import data

TARGETING = {
    "age_min": 25,
    "age_max": 45,
    "locations": [{"type": "country", "value": "DE"}],
    "interests": ["books"],
}
TARGETING_FORM = {"age_min": 25, "age_max": 45, "countries": "DE", "interests": "books"}
CREATIVE = {
    "headline": "New",
    "primary_text": "Text",
    "description": "D",
    "image_url": "",
    "call_to_action": "sign_up",
    "link_url": "https://acme.example/new",
}
NEW = {
    "name": "Summer",
    "objective": "TRAFFIC",
    "budget_type": "daily",
    "platforms": ["facebook", "instagram"],
    "target_location": "US",
    "target_url": "https://acme.example/start",
    "message": "Books made easy",
}
DETAILS = {"objective": "TRAFFIC", "target_location": "", "target_url": "", "message": ""}
CAMP, ASET, AD = "/campaigns/{camp}", "/campaigns/{camp}/ad-sets/{aset}", ""
ONE_AD = "/campaigns/{camp}/ad-sets/{aset}/ads/{ad}"
DO = "/campaigns/{camp}/do"

# operation: (plain payload, (REST method, path, body), (dashboard path, form))
DOORS = {
    "create_campaign": (
        {"business_id": "{biz}", **NEW, "budget_micros": 50 * MICROS, "currency": "USD"},
        ("post", "/campaigns", {**NEW, "budget_type": None, "daily_budget": 50}),
        ("/campaigns/new/", {**NEW, "budget": "50", "business": "{biz}"}),
    ),
    "update_campaign": (
        {"campaign_id": "{camp}", "name": "Renamed"},
        ("patch", CAMP, {"name": "Renamed"}),
        (CAMP + "/edit/details/", {**DETAILS, "name": "Renamed"}),
    ),
    "set_daily_budget": (
        {"campaign_id": "{camp}", "budget_micros": 60 * MICROS, "currency": "USD"},
        ("patch", CAMP, {"budget": {"amount": 60}}),
        (CAMP + "/edit/budget/", {"budget_type": "daily", "budget": "60"}),
    ),
    "set_schedule": (
        {"campaign_id": "{camp}", "end_date": "2030-01-31"},
        ("patch", CAMP, {"schedule": {"end_date": "2030-01-31"}}),
        (CAMP + "/edit/schedule/", {"end_date": "2030-01-31"}),
    ),
    "pause_campaign": (
        {"campaign_id": "{camp}"},
        ("post", CAMP + "/pause", None),
        (DO + "/pause_campaign/{camp}/", {}),
    ),
    "archive_campaign": (
        {"campaign_id": "{camp}"},
        ("delete", CAMP, None),
        (DO + "/archive_campaign/{camp}/", {}),
    ),
    "create_ad_set": (
        {"campaign_id": "{camp}", "name": "DE", "targeting": TARGETING},
        ("post", CAMP + "/ad-sets", {"name": "DE", "targeting": TARGETING}),
        (CAMP + "/ad-sets/new/", {"name": "DE", **TARGETING_FORM}),
    ),
    "set_targeting": (
        {"ad_set_id": "{aset}", "targeting": TARGETING},
        ("patch", ASET, {"targeting": TARGETING}),
        (ASET + "/targeting/", TARGETING_FORM),
    ),
    "pause_ad_set": (
        {"ad_set_id": "{aset}"},
        ("post", ASET + "/pause", None),
        (DO + "/pause_ad_set/{aset}/", {}),
    ),
    "create_ad": (
        {"ad_set_id": "{aset}", "name": "A", "creative": CREATIVE},
        ("post", ASET + "/ads", {"name": "A", "creative": CREATIVE}),
        (ASET + "/ads/new/", {"name": "A", **CREATIVE}),
    ),
    "push_creative": (
        {"ad_id": "{ad}", "creative": CREATIVE},
        ("patch", ONE_AD, {"creative": CREATIVE}),
        ("/campaigns/{camp}/ads/{ad}/creative/", CREATIVE),
    ),
    "pause_ad": (
        {"ad_id": "{ad}"},
        ("post", ONE_AD + "/pause", None),
        (DO + "/pause_ad/{ad}/", {}),
    ),
}
TOOL_TARGETING = {"age_min": 25, "age_max": 45, "countries": ["DE"], "interests": ["books"]}


def proposed(action, target, **values):
    return "propose_change", {"action": action, "target_id": target, "values": values}


# operation: (tool, arguments)
TOOL_DOORS = {
    "create_campaign": ("create_campaign", {**NEW, "budget": 50, "business_id": "{biz}"}),
    "update_campaign": proposed("update_campaign", "{camp}", name="Renamed"),
    "set_daily_budget": ("manage_budget", {"campaign_id": "{camp}", "amount": 60}),
    "set_schedule": proposed("set_schedule", "{camp}", end_date="2030-01-31"),
    "pause_campaign": proposed("pause_campaign", "{camp}"),
    "archive_campaign": proposed("archive_campaign", "{camp}"),
    "create_ad_set": proposed("create_ad_set", "{camp}", name="DE", targeting=TOOL_TARGETING),
    "set_targeting": proposed("set_targeting", "{aset}", targeting=TOOL_TARGETING),
    "pause_ad_set": proposed("pause_ad_set", "{aset}"),
    "create_ad": (
        "attach_creative",
        {"ad_set_id": "{aset}", "name": "A", "creative": CREATIVE},
    ),
    "push_creative": ("attach_creative", {"ad_id": "{ad}", "creative": CREATIVE}),
    "pause_ad": proposed("pause_ad", "{ad}"),
}
# The other operations share the view and the plan of one above, or belong to the kill switch or the
# desk of unknown outcomes.
SHARED = {
    "remove_remains",
    "launch_campaign",
    "resume_campaign",
    "set_lifetime_budget",
    "update_ad_set",
    "resume_ad_set",
    "archive_ad_set",
    "update_ad",
    "resume_ad",
    "archive_ad",
    "stop_delivery",
    "restore_delivery",
}


def test_doors_name_every_operation():
    assert DOORS.keys() | SHARED == OPERATIONS.keys()
    assert TOOL_DOORS.keys() == DOORS.keys()


@pytest.fixture
def stage(acme):
    campaign = running(acme, connect(acme))
    with tenant_tx(acme.tenant.id, readonly=True):
        ids = {
            "camp": encode("camp", campaign.id),
            "aset": encode("aset", AdSet.objects.get().pk),
            "ad": encode("ad", Ad.objects.get().pk),
            "biz": encode("biz", acme.test_business.id),
        }
    return acme, ids


class UndoneError(Exception):
    pass


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise UndoneError
    except UndoneError:
        pass


def filled(value, ids):
    text = json.dumps(value)
    for name, public in ids.items():
        text = text.replace("{" + name + "}", public)
    return json.loads(text)


FRESH = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def left_behind(cast, known):
    """Commands, steps and expectations of what a door did, fresh ids made equal."""
    with tenant_tx(cast.tenant.id, readonly=True):
        dispatches = list(
            Dispatch.objects.values("command_kind", "command", "expects", "target_type")
        )
        steps = list(
            DispatchStep.objects.order_by("seq").values("kind", "object_type", "params", "apply")
        )
        campaigns = list(
            Campaign.objects.order_by("created_at").values(
                "name", "objective", "budget_micros", "platforms", "message", "target_url"
            )
        )
    text = json.dumps([dispatches, steps, campaigns], sort_keys=True)
    return FRESH.sub(lambda found: found[0] if found[0] in known else "fresh", text)


@pytest.mark.parametrize("kind", DOORS)
def test_doors_have_equal_results(stage, kind):
    cast, ids = stage
    plain, (method, path, body), (page, form) = filled(DOORS[kind], ids)
    with tenant_tx(cast.tenant.id, readonly=True):
        rows = [*Campaign.objects.all(), *AdSet.objects.all(), *Ad.objects.all()]
        known = {str(row.pk) for row in rows}
    untouched = left_behind(cast, known)
    results = {}
    with undone():
        act(cast, kind, **plain)
        results["plain"] = left_behind(cast, known)
    with undone():
        body = {k: v for k, v in body.items() if v is not None} if body else body
        answer = Client().generic(
            method.upper(),
            f"/v1{path}",
            data=json.dumps(body) if body else "",
            content_type="application/json",
            headers=cast.headers,
        )
        assert answer.status_code < 300, answer.content
        results["rest"] = left_behind(cast, known)
    with undone():
        browser = Client()
        browser.force_login(cast.people[Role.OWNER], backend="accounts.backends.PersonBackend")
        answer = browser.post(page, form)
        assert answer.status_code in (302, 303), answer.content
        results["dashboard"] = left_behind(cast, known)
    with undone():
        tool, arguments = filled(TOOL_DOORS[kind], ids)
        data(cast.token, tool, arguments)
        results["mcp"] = left_behind(cast, known)
    assert results["plain"] != untouched
    assert results["mcp"] == results["plain"]
    assert results["rest"] == results["plain"]
    assert results["dashboard"] == results["plain"]
