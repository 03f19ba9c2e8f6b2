"""A client that openapi-python-client makes of our document takes an agent from nothing to a launch
and reads every answer as the classes it was given.
"""

import importlib
import json
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
from tests.generated_client import generate, generated, model, operation_at
from tests.journeys.guide import Call
from tests.openapi import validated

pytestmark = pytest.mark.django_db
EMAIL = "agent@lumen.example"


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Any]:
    with generated(tmp_path) as made:
        yield made


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


def test_a_generated_client_registers_connects_and_launches(package, settings):
    settings.SANDBOX_HOST = "testserver"
    settings.ALLOWED_HOSTS = ["testserver"]
    stranger = Agent(package)
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

    agent = Agent(package, made.api_key)
    assert agent.call("account.get_profile").environment == "test"
    business = agent.call(
        "account.create_business", body=model("BusinessBody", name="Lumen"), expect=201
    )
    link = agent.call("platforms.connect_platform", body=model("ConnectAnyBody"))
    assert link.status == "pending"
    connect(EMAIL, business.id)
    assert agent.call("platforms.list_connections").data[0].ad_accounts[0].is_default is True

    copy = agent.call(
        "ai_content.generate_text",
        body=model("TextBody", product_description="Bicycle repair at your door", variations=2),
    )
    assert agent.call("ai_content.get_generation", copy.id).status == "completed"
    words = copy.result.variations
    assert [bool(one.headline) for one in words] == [True, True]

    campaign = agent.call(
        "campaigns.create_campaign",
        body=model(
            "CampaignBody",
            name="Spring",
            objective="TRAFFIC",
            budget={"type": "daily", "amount": 42.5},
            message=words[0].primary_text,
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
    print("BAR G2 a generated client: 12 operations from register to launch, 0 unreadable answers")


def test_control_the_generator_refuses_a_broken_document(tmp_path):
    broken = validated() | {"paths": {"/x": {"get": {"responses": {"200": {"$ref": "#/none"}}}}}}
    (tmp_path / "openapi.json").write_text(json.dumps(broken | {"openapi": "9"}))
    print("BAR G2 control a broken document makes no client")
    assert generate(tmp_path).returncode != 0


def test_calls_find_their_operation():
    call = Call("POST", "/v1/campaigns", {}, {"name": "Spring", "objective": "TRAFFIC"})
    operation, ids = operation_at(call)
    assert (operation["operationId"], ids) == ("create_campaign", [])
    assert operation_at(Call("GET", "/v1/campaigns/camp_1/ad-sets"))[1] == ["camp_1"]
    with pytest.raises(AssertionError, match="has no POST /campaigns/camp_1/gone"):
        operation_at(Call("POST", "/v1/campaigns/camp_1/gone"))
