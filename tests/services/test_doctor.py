from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command

from accounts.models import LoopTurn
from config import env, liveness
from config.doctor import findings
from config.doctor.findings import Finding
from core import clock

# The examination also signs in as the super-admins' role.
pytestmark = pytest.mark.django_db(databases={"default", configured.ADMIN_DATABASE})


def found(subject: str) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in findings.examine() if one.subject == subject]


def test_doctor_finds_a_variable_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(env, "problems", ["PORT='foo' is not a whole number."])
    assert found("settings") == [("wrong", "PORT='foo' is not a whole number.")]


def test_doctor_refuses_development_secrets_behind_tls(settings: Any) -> None:
    settings.SECURE = True
    settings.SECRET_KEY = settings.INSECURE_SECRET
    assert [level for level, _ in found("keys")] == ["wrong", "wrong"]


def test_doctor_names_a_host_that_is_not_allowed(settings: Any) -> None:
    settings.PUBLIC_URL, settings.SECURE = "https://127.0.0.1:1", True
    settings.ALLOWED_HOSTS = ["ads.example"]
    assert ("wrong", "ALLOWED_HOSTS lacks 127.0.0.1") in found("address")


def test_doctor_finds_a_broker_that_is_away(settings: Any) -> None:
    settings.EMBEDDED = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert [level for level, _ in found("broker")] == ["wrong"]


def test_doctor_names_the_loops_that_stand_still() -> None:
    assert [level for level, _ in found("loops")] == ["note"]
    moment = clock.now()
    LoopTurn.objects.bulk_create(LoopTurn(name=name, turned_at=moment) for name in liveness.LOOPS)
    assert [level for level, _ in found("loops")] == ["ok"]
    LoopTurn.objects.filter(name="mail").update(turned_at=moment - timedelta(minutes=3))
    assert found("loops") == [("wrong", "fail or stand still: mail")]


def test_doctor_fails_when_anything_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        findings, "EXAMINATIONS", (lambda: iter([Finding("wrong", "mail", "away", "Mend it.")]),)
    )
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out, stderr=StringIO())
    assert ended.value.code == 1
    assert out.getvalue() == "WRONG mail: away\n      next: Mend it.\n"


def test_all_in_one_refuses_a_second_worker(settings: Any) -> None:
    settings.ROLE, settings.WORKERS = "all_in_one", 2
    with pytest.raises(CommandError, match="WORKERS=2 is refused"):
        call_command("serve")
