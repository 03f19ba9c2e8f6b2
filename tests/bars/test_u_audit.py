"""U1: audit rows cannot be changed. U2: a tampered export is found by the stand-alone verifier."""

import json
import os
import random
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditDetail, AuditEvent, SystemAuditEvent, User
from accounts.rls import APPEND_ONLY
from accounts.services.audit_export import (
    export_chain,
    public_key_hex,
    signed_head,
    verify_chain,
)
from accounts.services.erasure import erase_person
from accounts.services.evidence import record_audit, record_system_audit
from core.actors import Role
from core.canonical import canonical_json
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tools import verify_audit

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
LONG = os.environ.get("BARS") == "long"
TOOL = Path(verify_audit.__file__)


def fill(cast, rows=40):
    with tenant_tx(cast.tenant.id):
        for number in range(rows):
            record_audit(
                cast.person(),
                "campaign.updated",
                now=NOW,
                target_type="campaign",
                target_id=f"camp_{number}",
                facts={"n": number},
                detail={"name": f"Späte Blüte \u2028 {number}", "before": None}
                if number % 2
                else None,
            )


def export(cast) -> bytes:
    lines: list[bytes] = []
    export_chain(cast.tenant.id, lines.append, now=NOW)
    return b"".join(lines)


def is_valid(data: bytes, **options) -> bool:
    key = bytes.fromhex(public_key_hex())
    try:
        verify_audit.verify(data.removesuffix(b"\n").split(b"\n"), key, **options)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def run_tool(data: bytes, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "export.jsonl"
    path.write_bytes(data)
    return subprocess.run(
        [sys.executable, "-I", "-S", str(TOOL), str(path), *options],
        capture_output=True,
        text=True,
        check=False,
    )


def test_u1_audit_rows_refuse_update_delete_and_truncate(acme):
    fill(acme, 2)
    record_system_audit("tenant.created", actor_id="system:test", now=NOW)
    tried = refused = 0
    verbs = ["UPDATE {0} SET event_type = event_type", "DELETE FROM {0}"]
    if connection.vendor == "postgresql":
        verbs.append("TRUNCATE {0} CASCADE")
    with tenant_tx(acme.tenant.id):
        for table in APPEND_ONLY:
            for verb in verbs:
                tried += 1
                try:
                    with transaction.atomic(), connection.cursor() as cursor:
                        cursor.execute(verb.format(table))
                except DatabaseError:
                    refused += 1
        for change in (
            lambda: AuditEvent.objects.update(actor_id="x"),
            lambda: AuditEvent.objects.first().delete(),
            lambda: AuditEvent.objects.all().delete(),
            lambda: SystemAuditEvent.objects.update(actor_id="x"),
            lambda: SystemAuditEvent.objects.all().delete(),
        ):
            tried += 1
            try:
                with transaction.atomic():
                    change()
            except DatabaseError:
                refused += 1
    print(f"BAR U1 {tried} attempts to change audit rows, {refused} refused")
    assert refused == tried
    assert verify_chain(acme.tenant.id).problem == ""


def test_u1_control_a_table_that_is_not_append_only_lets_itself_be_changed(acme):
    fill(acme, 2)
    with tenant_tx(acme.tenant.id), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_auditdetail SET salt = 'x'")
        print(f"BAR U1 control {cursor.rowcount} rows changed without the wall")
        assert cursor.rowcount == 1
    assert "detail is altered" in verify_chain(acme.tenant.id).problem


def tampers(data: bytes, count: int, draw: random.Random):
    """Random alterations of an export; each differs from the original."""
    lines = data.removesuffix(b"\n").split(b"\n")
    rows = range(1, len(lines) - 1)
    made = 0
    while made < count:
        kind = draw.choice(["flip", "drop", "swap", "insert", "tail", "double", "edit"])
        copy = list(lines)
        if kind == "flip":
            at = draw.randrange(len(data) - 1)
            changed = bytearray(data)
            changed[at] ^= 1 << draw.randrange(8)
            yield bytes(changed)
            made += 1
            continue
        spot, other = draw.choice(rows), draw.choice(rows)
        if kind == "drop":
            del copy[spot]
        elif kind == "swap":
            copy[spot], copy[other] = copy[other], copy[spot]
        elif kind in ("insert", "double"):
            copy.insert(other, copy[spot])
        elif kind == "tail":
            del copy[spot : len(copy) - draw.choice([0, 1])]
        else:
            row = json.loads(copy[spot])
            row[draw.choice(["actor_id", "facts", "occurred_at", "event_type"])] = "other"
            copy[spot] = canonical_json(row)
        if copy != lines:
            yield b"\n".join(copy) + b"\n"
            made += 1


def test_u2_every_tamper_of_an_export_is_found(acme):
    fill(acme)
    data = export(acme)
    assert is_valid(data)
    count, seed = (10_000 if LONG else 1_000), 20_261_121
    missed = [item for item in tampers(data, count, random.Random(seed)) if is_valid(item)]
    print(f"BAR U2 {count} tampers (seed {seed}), {count - len(missed)} found")
    assert missed == []


def test_u2_control_rows_without_a_chain_hide_tampers(acme):
    fill(acme)
    data = export(acme)
    unchained = [item for item in tampers(data, 200, random.Random(1)) if _reads_alone(item)]
    print(f"BAR U2 control {len(unchained)} of 200 tampers pass where rows stand alone")
    assert len(unchained) > 0


def _reads_alone(data: bytes) -> bool:
    """What a log without chain and signature can check: every line is a row with its own hash."""
    try:
        for line in data.removesuffix(b"\n").split(b"\n")[1:-1]:
            row = json.loads(line)
            before = (row["chain_seq"] - 1, row["prev_hash"])
            verify_audit.check_row(row, {"chain": row.get("tenant_id")}, before)
    except (ValueError, KeyError, TypeError):
        return False
    return True


def test_u2_a_truncated_chain_is_found_by_an_earlier_signed_head(acme, monkeypatch):
    fill(acme, 10)
    earlier = signed_head(acme.tenant.id, now=NOW)
    honest = export(acme)
    assert is_valid(honest, earlier=earlier)
    from accounts.services import audit_export

    with tenant_tx(acme.tenant.id):
        seventh = AuditEvent.objects.get(chain_seq=7)
    monkeypatch.setattr(audit_export, "_end", lambda _tenant: (7, seventh.hash))
    cut = export(acme)
    assert is_valid(cut)
    assert not is_valid(cut, earlier=earlier)


def test_u2_ten_people_erased_the_chain_still_verifies(acme, tmp_path):
    people = []
    for number in range(10):
        person = User.objects.create_user(
            f"person{number}@named.example",
            first_name=f"Firstname{number}x",
            last_name=f"Lastname{number}x",
            created_at=NOW,
        )
        people.append(person)
        with tenant_tx(acme.tenant.id):
            from accounts.models import Membership

            Membership.objects.create(
                tenant_id=acme.tenant.id, user=person, role=Role.BUYER, created_at=NOW
            )
            for text in (person.email, person.full_name, f"by {person.first_name.upper()}"):
                record_audit(
                    acme.person(),
                    "member.changed",
                    now=NOW,
                    target_type="user",
                    target_id=encode("user", person.pk),
                    detail={"note": {"text": [f"said {text}."]}},
                )
    fill(acme, 10)
    secrets = [value for p in people for value in (p.email, p.first_name, p.last_name)]
    before = export(acme).decode().lower()
    assert sum(secret.lower() in before for secret in secrets) == 30
    for person in people:
        assert erase_person(person.pk, now=NOW).details == 3
    after = export(acme)
    left = [secret for secret in secrets if secret.lower() in after.decode().lower()]
    with tenant_tx(acme.tenant.id, readonly=True):
        assert AuditDetail.objects.count() == 5
    tool = run_tool(after, tmp_path, "--key", public_key_hex())
    print(f"BAR U2 10 people erased, {len(left)} identifying values left, {tool.stdout.strip()}")
    assert left == []
    assert tool.returncode == 0, tool.stderr
    assert tool.stdout == "OK: 50 rows, 30 details erased\n"
    assert not User.objects.filter(email__endswith="@named.example").exists()


def test_verifier_needs_the_standard_library_alone_and_150_lines(acme, tmp_path):
    source = TOOL.read_text()
    modules = set(re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE))
    assert modules <= set(sys.stdlib_module_names)
    assert len(source.splitlines()) <= 150
    fill(acme, 3)
    good = export(acme)
    assert run_tool(good, tmp_path).stdout == "OK: 3 rows, 0 details erased\n"
    bad = run_tool(good.replace(b'"n":1', b'"n":2'), tmp_path)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "row 2 is altered" in bad.stderr
    other_key = run_tool(good, tmp_path, "--key", "11" * 32)
    assert other_key.returncode == 1


def test_audit_commands_export_and_verify_both_kinds_of_chain(acme, tmp_path):
    fill(acme, 4)
    record_system_audit("tenant.created", actor_id="system:test", now=NOW, facts={"n": 1})
    for name, rows in (("system", 1), (encode("ten", acme.tenant.id), 4)):
        out = StringIO()
        call_command("export_audit", name, stdout=out)
        assert run_tool(out.getvalue().encode(), tmp_path).stdout.startswith(f"OK: {rows} rows")
    head = StringIO()
    call_command("export_audit", encode("ten", acme.tenant.id), head=True, stdout=head)
    (tmp_path / "head.json").write_text(head.getvalue())
    fill(acme, 2)
    later = run_tool(export(acme), tmp_path, "--head", str(tmp_path / "head.json"))
    assert later.stdout == "OK: 6 rows, 0 details erased\n"
    report = StringIO()
    call_command("verify_audit", stdout=report)
    assert "6 rows, 0 details erased, ok" in report.getvalue()
    with tenant_tx(acme.tenant.id):
        AuditDetail.objects.update(salt="x")
    with pytest.raises(CommandError, match="1 of 2 chains"):
        call_command("verify_audit", stdout=StringIO())
    with pytest.raises(CommandError, match="no such tenant"):
        call_command("export_audit", encode("ten", acme.key.id), stdout=StringIO())


def test_signing_key_is_ours(acme):
    assert len(settings.AUDIT_SIGNING_KEY) == 32
