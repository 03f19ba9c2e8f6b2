"""What may be served with which settings, and what a demo shows to whom."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client

from config import checks
from tests.architecture.source import ROOT

STRONG = "a1B2c3D4" * 8


@pytest.fixture
def serving(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(sys, "argv", ["manage.py", "serve"])
    settings.SECRET_KEY, settings.DEBUG, settings.DEMO = STRONG, False, False
    return settings


def refused() -> list[str | None]:
    assert all(one.hint for one in checks.serves_with_own_secrets())
    return [one.id for one in checks.serves_with_own_secrets()]


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({}, []),
        ({"SECRET_KEY": configured.INSECURE_SECRET}, ["config.E003"]),
        ({"DEBUG": True}, ["config.E004"]),
        ({"DEBUG": True, "SECRET_KEY": configured.INSECURE_SECRET}, ["config.E003", "config.E004"]),
        ({"DEMO": True, "DEBUG": True, "SECRET_KEY": configured.INSECURE_SECRET}, []),
        (
            {"DEMO": True, "HOST": "0.0.0.0", "SECRET_KEY": configured.INSECURE_SECRET},
            ["config.E003"],
        ),
    ],
)
def test_only_own_secrets_are_served(serving: Any, values: dict[str, Any], ids: list[str]) -> None:
    for name, value in values.items():
        setattr(serving, name, value)
    assert refused() == ids


@pytest.mark.parametrize("role", ["all_in_one", "web", "worker", "dispatcher", "beat"])
def test_no_role_starts_with_the_development_key(role: str) -> None:
    environment = {"ROLE": role, "SECRET_KEY": "", "DEMO": "0", "DEBUG": "0", "AUTO_MIGRATE": "0"}
    broker = {"REDIS_URL": "", "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=os.environ | environment | broker,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "config.E003" in done.stderr
    assert "HINT: Set SECRET_KEY and ENCRYPTION_KEYS" in done.stderr


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "True"),
        ({"HOST": "0.0.0.0"}, "False"),
        ({"PUBLIC_URL": "https://ads.example"}, "False"),
        ({"PUBLIC_URL": "https://ads.example", "DEMO_MAILBOX": "1"}, "True"),
        ({"DEMO": "0", "DEMO_MAILBOX": "1"}, "False"),
    ],
)
def test_mails_are_shown_to_this_machine_only(environment: dict[str, str], shown: str) -> None:
    given = {"DEMO": "1", "HOST": "127.0.0.1", "PUBLIC_URL": "http://127.0.0.1:8000"}
    done = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(settings.SHOWS_MAIL)"],
        cwd=ROOT,
        env=os.environ | given | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [shown]


@pytest.mark.parametrize("path", ["/dev/mail/", "/dev/mail/1.log/"])
def test_a_demo_that_others_reach_has_no_mailbox(settings: Any, tmp_path: Any, path: str) -> None:
    (tmp_path / "1.log").write_text("Subject: code\n\n123456\n")
    settings.DEMO, settings.SHOWS_MAIL, settings.MAIL_DIR = True, True, tmp_path
    assert Client().get(path).status_code == 200
    settings.SHOWS_MAIL = False
    assert Client().get(path).status_code == 404
