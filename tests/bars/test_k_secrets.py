"""K2: the key ring is rotated under reads. K3: a ciphertext opens in its own row only."""

import base64
import os
import threading
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from accounts.models import Business, OutgoingMail
from accounts.services.mail import queue_mail
from core.actors import Role
from core.crypto import KeyRing, parse_key_ring
from core.sealed import SHARED_COLUMNS, TENANT_COLUMNS
from core.tenancy import tenant_tx
from platforms.errors import PlatformError
from platforms.models import Connection
from platforms.queries import connection_credentials, token_context
from tests.cast import NOW
from webhooks.models import Endpoint
from webhooks.services import create_endpoint

pytestmark = [pytest.mark.bar]
TOKENS = 10_000 if os.environ.get("BARS") == "long" else 1_000


def ring(*names: str) -> KeyRing:
    keys = {name: base64.b64encode(name.encode().ljust(32, b".")).decode() for name in names}
    return parse_key_ring(",".join(f"{name}:{key}" for name, key in keys.items()))


def connect(cast, number: int, sealing: KeyRing) -> list[Connection]:
    """`number` connections, each with a token that names its row."""
    tenant_id = cast.tenant.id
    businesses = Business.objects.bulk_create(
        Business(tenant_id=tenant_id, name=f"b{n}", environment="test", created_at=NOW)
        for n in range(number)
    )
    rows = [
        Connection(
            tenant_id=tenant_id,
            business=business,
            platform="meta",
            environment="test",
            status="connected",
            created_at=NOW,
        )
        for business in businesses
    ]
    for row in rows:
        row.sealed_token = sealing.encrypt(f"token of {row.pk}", context=token_context(row))
    return Connection.objects.bulk_create(rows, batch_size=500)


class Reader(threading.Thread):
    """Opens tokens all the time, as dispatch does."""

    def __init__(self, tenant_id, keys) -> None:
        super().__init__()
        self.tenant_id, self.keys = tenant_id, keys
        self.reads, self.failures = 0, []
        self.done = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.done.is_set():
            key = self.keys[number % len(self.keys)]
            number += 7919
            with tenant_tx(self.tenant_id, readonly=True):
                row = Connection.objects.get(pk=key)
            try:
                token = connection_credentials(row).access_token
            except PlatformError as error:
                self.failures.append(str(error))
                continue
            if token != f"token of {key}":
                self.failures.append("another row's token")
            self.reads += 1
        connections.close_all()


def behind(cast) -> int:
    with tenant_tx(cast.tenant.id, readonly=True):
        return Connection.objects.exclude(sealed_token__startswith="new:").count()


def test_k2_rotation_under_reads_loses_nothing(acme_committed, settings):
    cast = acme_committed
    with tenant_tx(cast.tenant.id):
        rows = connect(cast, TOKENS, ring("old"))
    settings.KEY_RING = ring("new", "old")
    reader = Reader(cast.tenant.id, [row.pk for row in rows])
    reader.start()
    out = StringIO()
    try:
        call_command("rotate_encryption_keys", stdout=out)
    finally:
        reader.done.set()
        reader.join()
    assert f"platforms_connection.sealed_token: {TOKENS} re-encrypted" in out.getvalue()
    settings.KEY_RING = ring("new")
    with tenant_tx(cast.tenant.id, readonly=True):
        opened = [
            connection_credentials(row).access_token == f"token of {row.pk}"
            for row in Connection.objects.all()
        ]
    print(
        f"BAR K2 {TOKENS} tokens rotated under {reader.reads} reads: "
        f"{len(reader.failures)} failures, {behind(cast)} on the old key"
    )
    assert reader.reads > 0
    assert reader.failures == []
    assert opened == [True] * TOKENS
    assert behind(cast) == 0


@pytest.mark.django_db
def test_k2_control_without_the_old_key_nothing_is_lost_and_the_command_says_so(acme, settings):
    with tenant_tx(acme.tenant.id):
        connect(acme, 20, ring("old"))
    settings.KEY_RING = ring("new")
    with pytest.raises(CommandError, match="20 values"):
        call_command("rotate_encryption_keys", stdout=StringIO())
    print(
        f"BAR K2 control without the old key: {behind(acme)} of 20 stay behind, the command fails"
    )
    assert behind(acme) == 20
    settings.KEY_RING = ring("new", "old")
    call_command("rotate_encryption_keys", stdout=StringIO())
    assert behind(acme) == 0


@pytest.mark.django_db
def test_k2_every_sealed_column_is_rotated(acme, settings):
    settings.KEY_RING = ring("old")
    sealed = settings.KEY_RING.encrypt("totp", context="mfa")
    user = acme.people[Role.OWNER]
    factor = Authenticator.objects.create(user=user, type="totp", data={"secret": sealed, "n": 1})
    with tenant_tx(acme.tenant.id):
        endpoint, secret = create_endpoint(
            acme.person(),
            environment="test",
            url="https://example.com/h",
            events=["ad.paused"],
            now=NOW,
        )
        connect(acme, 1, settings.KEY_RING)
    queue_mail("plain", "pat@a.example", {"subject": "s"}, now=NOW)
    settings.KEY_RING = ring("new", "old")
    call_command("rotate_encryption_keys", stdout=StringIO())
    settings.KEY_RING = ring("new")
    factor.refresh_from_db()
    assert factor.data["n"] == 1
    assert settings.KEY_RING.decrypt(factor.data["secret"], context="mfa") == "totp"
    mail = OutgoingMail.objects.get()
    assert settings.KEY_RING.decrypt(mail.context, context="mail:pat@a.example")
    with tenant_tx(acme.tenant.id):
        held = Endpoint.objects.get(pk=endpoint.pk)
        context = f"webhook:{acme.tenant.id}:{endpoint.pk}"
        assert settings.KEY_RING.decrypt(held.sealed_secret, context=context) == secret
        assert Connection.objects.get().sealed_token.startswith("new:")


def test_k2_no_sealed_column_is_forgotten():
    """Every column that holds a ciphertext by its name is part of the rotation."""
    from django.apps import apps

    named = {
        (model._meta.db_table, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.startswith("sealed_")
    }
    registered = {
        (one.model._meta.db_table, one.column) for one in [*TENANT_COLUMNS, *SHARED_COLUMNS]
    }
    assert named <= registered


@pytest.mark.django_db
def test_k3_a_moved_ciphertext_does_not_open(acme, rival):
    moved = refused = 0
    with tenant_tx(acme.tenant.id):
        mine = connect(acme, 10, settings.KEY_RING)
    with tenant_tx(rival.tenant.id):
        theirs = connect(rival, 10, settings.KEY_RING)
    for target in theirs + mine[1:]:
        target.sealed_token = mine[0].sealed_token
        moved += 1
        with pytest.raises(PlatformError) as caught:
            connection_credentials(target)
        refused += caught.value.kind == "auth"
    blind = settings.KEY_RING.encrypt("token", context="")
    opened = sum(settings.KEY_RING.decrypt(blind, context="") == "token" for _ in theirs)
    print(f"BAR K3 {moved} tokens moved to another row, {refused} refused")
    print(f"BAR K3 control without bound context {opened} of {len(theirs)} moved tokens open")
    assert refused == moved == 19
    assert connection_credentials(mine[0]).access_token == f"token of {mine[0].pk}"
