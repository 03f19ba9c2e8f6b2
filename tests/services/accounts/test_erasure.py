"""Erasing a person over every room: nothing that names them is left in any table."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership, User
from accounts.services.audit_export import verify_chain
from accounts.services.evidence import emit, record_audit
from campaigns.models import PendingAction
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from platforms.models import Connection
from tests.bars.test_k1_no_secret_at_rest import tables
from tests.cast import NOW
from tests.world import make_world
from webhooks import services as webhooks
from webhooks.models import Delivery

NAME, FAMILY, EMAIL = "Perpetua", "Quillfeather", "perpetua@quillfeather.example"


@pytest.fixture
def world(db):
    found = make_world("acme")
    user = User.objects.create_user(
        EMAIL, "a long password", first_name=NAME, last_name=FAMILY, created_at=NOW
    )
    tenant_id = found.cast.tenant.id
    payload = {"user": {"email": EMAIL, "first_name": NAME}}
    with tenant_tx(tenant_id):
        Membership.objects.create(tenant_id=tenant_id, user=user, role=Role.BUYER, created_at=NOW)
        found.row("webhook")
        emit("campaign.created", payload, tenant_id=tenant_id, environment="test", now=NOW)
        found.row("pending")
        PendingAction.objects.update(
            proposer_id=encode("user", user.pk),
            proposer_label=f"{NAME} {FAMILY}",
            decision_comment=f"as {NAME} said",
        )
        found.row("connection")
        Connection.objects.update(external_user_name=f"{NAME} {FAMILY}")
        record_audit(found.cast.person(), "member.changed", now=NOW, detail={"name": NAME})
    webhooks.fan_out(NOW)
    return found


def named():
    """The columns that name the person."""
    words = (NAME.lower(), FAMILY.lower())
    return sorted(
        column for column, text in tables().items() if any(word in text.lower() for word in words)
    )


def test_erase_person_leaves_no_name_in_any_table(world):
    assert len(named()) >= 8
    out = StringIO()
    call_command("erase_person", EMAIL.upper(), stdout=out)
    assert "erased in 1 tenants, 1 details gone" in out.getvalue()
    assert named() == []
    with tenant_tx(world.cast.tenant.id, readonly=True):
        assert Delivery.objects.get().state == "failed"
    assert verify_chain(world.cast.tenant.id).problem == ""
    assert verify_chain(None).rows == 1


def test_erase_person_needs_a_person(db):
    with pytest.raises(CommandError, match="no such person"):
        call_command("erase_person", "nobody@nowhere.example")
