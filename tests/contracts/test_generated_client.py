"""A client that openapi-python-client makes of our document takes an agent from nothing to a launch
and reads every answer as the classes it was given.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import User
from accounts.queries import MEMBERSHIPS_OF_USER
from accounts.services import codes
from core.clock import now
from core.ids import decode
from core.tenancy import tenant_tx
from platforms.models import AdAccount, Connection, PlatformAsset
from tests.openapi import validated

pytestmark = pytest.mark.django_db
EMAIL = "agent@lumen.example"
GENERATE = """
from openapi_python_client.cli import app
app()
"""


@pytest.fixture
def generated(tmp_path: Path) -> Iterator[Any]:
    """The made package; its imports are undone afterwards."""
    (tmp_path / "openapi.json").write_text(json.dumps(validated()))
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    made = subprocess.run(
        [
            sys.executable, "-c", GENERATE, "generate", "--path", "openapi.json", "--config",
            "config.yml", "--meta", "none", "--output-path", "our_client", "--fail-on-warning",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    yield importlib.import_module("our_client")
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == "our_client"]:
        del sys.modules[name]


def answered(request: httpx.Request) -> httpx.Response:
    """What the product answers, asked without a socket."""
    found = Client().generic(
        request.method,
        request.url.raw_path.decode(),
        request.content,
        content_type=request.headers.get("Content-Type", ""),
        headers={"Authorization": request.headers.get("Authorization", "")},
    )
    return httpx.Response(found.status_code, headers=dict(found.headers), content=found.content)


class Agent:
    """Calls operations by tag and id."""

    def __init__(self, package: Any, token: str = "") -> None:
        kind = package.AuthenticatedClient if token else package.Client
        credentials = {"token": token} if token else {}
        self.client = kind(base_url="http://testserver/api/v1", **credentials)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        inside = httpx.MockTransport(answered)
        self.client.set_httpx_client(
            httpx.Client(transport=inside, base_url="http://testserver/api/v1", headers=headers)
        )

    def call(self, place: str, /, *ids: str, body: Any = None, expect: int = 200) -> Any:
        """The parsed answer of `tag.operation`."""
        operation = importlib.import_module(f"our_client.api.{place}")
        given = {"client": self.client} | ({"body": body} if body is not None else {})
        answer = operation.sync_detailed(*ids, **given)
        assert answer.status_code == expect, answer.content
        assert answer.parsed is not None
        return answer.parsed


def model(kind: str, /, **values: Any) -> Any:
    """A body of the made package from plain JSON."""
    return getattr(importlib.import_module("our_client.models"), kind).from_dict(values)


def connect(email: str, business_id: str) -> None:
    """What a person's consent at the platform leaves behind."""
    tenant_id = MEMBERSHIPS_OF_USER.rows(user_id=User.objects.get(email=email).pk)[0]["tenant_id"]
    common = {"tenant_id": tenant_id, "business_id": decode("biz", business_id)}
    with tenant_tx(tenant_id):
        grant = Connection.objects.create(
            **common, platform="meta", environment="test", status="connected", created_at=now()
        )
        AdAccount.objects.create(
            **common,
            connection=grant,
            platform="meta",
            environment="test",
            external_id="act_1",
            name="Main",
            currency="USD",
            timezone="UTC",
            status="active",
            is_default=True,
            created_at=now(),
        )
        PlatformAsset.objects.create(
            **common, connection=grant, kind="page", external_id="p1", name="Page", is_default=True
        )


def test_a_generated_client_registers_connects_and_launches(generated, settings):
    settings.SANDBOX_HOST = "testserver"
    settings.ALLOWED_HOSTS = ["testserver"]
    stranger = Agent(generated)
    person = model(
        "Registration",
        email=EMAIL,
        password="a-long-enough-password",
        first_name="Ada",
        last_name="Lumen",
    )
    made = stranger.call("auth.register", body=person, expect=201)
    code = codes.issue_code(User.objects.get(email=EMAIL), now=now())
    done = stranger.call("auth.verify_account", body=model("Verification", email=EMAIL, code=code))
    assert done.user.enabled is True

    agent = Agent(generated, made.api_key)
    assert agent.call("account.get_profile").environment == "test"
    business = agent.call(
        "account.create_business", body=model("BusinessBody", name="Lumen"), expect=201
    )
    link = agent.call("platforms.connect_platform", body=model("ConnectAnyBody"))
    assert link.status == "pending"
    connect(EMAIL, business.id)
    assert agent.call("platforms.list_connections").data[0].ad_accounts[0].is_default is True

    campaign = agent.call(
        "campaigns.create_campaign",
        body=model(
            "CampaignBody",
            name="Spring",
            objective="TRAFFIC",
            budget={"type": "daily", "amount": 42.5},
            message="Ride into spring",
            target_url="https://lumen.example/",
            target_location="United States",
        ),
        expect=201,
    )
    assert (campaign.budget.amount, campaign.status) == (42.5, "DRAFT")
    launch = agent.call(
        "campaigns.launch_campaign", campaign.id, body=model("LaunchBody"), expect=202
    )
    assert launch.status == "LAUNCHING"
    job = agent.call("jobs.get_job", launch.job_id)
    assert (job.id, job.status) == (launch.job_id, "ready")
    assert agent.call("campaigns.list_campaigns").pagination.total == 1
    print("BAR G2 a generated client: 10 operations from register to launch, 0 unreadable answers")


def test_control_the_generator_refuses_a_broken_document(tmp_path):
    broken = validated() | {"paths": {"/x": {"get": {"responses": {"200": {"$ref": "#/none"}}}}}}
    (tmp_path / "openapi.json").write_text(json.dumps(broken | {"openapi": "9"}))
    made = subprocess.run(
        [sys.executable, "-c", GENERATE, "generate", "--path", "openapi.json", "--meta", "none"],
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
        check=False,
    )
    print("BAR G2 control a broken document makes no client")
    assert made.returncode != 0
