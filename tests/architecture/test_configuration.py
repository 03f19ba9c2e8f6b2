"""What an operator reads agrees with what the code does."""

import ast
import re
import subprocess
import sys
from itertools import chain

import pytest

from config.celery import app
from tests.architecture.source import ROOT, name_of, python_files, tracked, tree

READERS = {"text", "boolean", "integer", "items", "choice"}
NAME = re.compile(r"^#?\s?([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def variables_of_the_code() -> set[str]:
    """First arguments of `env.<reader>(…)` calls."""
    return {
        node.args[0].value
        for path in python_files("config", "core", "accounts", "campaigns", "platforms", "webhooks")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_env_example_names_every_variable() -> None:
    example = set(NAME.findall((ROOT / ".env.example").read_text()))
    assert example == variables_of_the_code()


def test_models_have_their_migrations() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_production_settings_pass_the_deployment_check() -> None:
    done = subprocess.run([ROOT / "tools/check-deploy"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "AGENTS.md"])
def test_documented_commands_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {
        path.stem
        for path in tracked()
        if path.parts[-3:-1] == ("management", "commands") and path.stem != "__init__"
    }
    named_targets = set(re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z]+)", text))
    named_commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert named_targets <= targets
    assert named_commands <= commands | {"migrate", "check", "makemigrations", "createsuperuser"}
    for linked in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / linked).exists(), linked


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= 900


FORBIDDEN = {
    "registry host": re.compile(
        r"(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|index-url)"
    ),
    "machine path": re.compile(r"(?<![\w/])/(?:work|root|home/\w+)/[\w./-]+"),
}
SELF = "tests/architecture/test_configuration.py"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_tracked_files_are_free_of(what: str) -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in tracked()
        if name_of(path) != SELF and path.suffix not in (".png", ".woff2", ".ico")
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if FORBIDDEN[what].search(line) and "no-emit-index-url" not in line
    ]
    assert found == []


SECRETS = {
    "our key": re.compile(r"\baa_(?:live|test)_[0-9A-Za-z]{24,}\b"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "webhook secret": re.compile(r"\bwhsec_[0-9A-Za-z+/]{32,}"),
    "platform token": re.compile(r"\bEAA[0-9A-Za-z]{40,}"),
    "cloud key": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9]{32,}|gh[pousr]_[0-9A-Za-z]{36})\b"
    ),
}


# Printed in public specifications for everyone to test with.
PUBLISHED = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)  # the vector of Standard Webhooks


def secrets_in(text: str) -> list[str]:
    for vector in PUBLISHED:
        text = text.replace(vector, "")
    return [name for name, pattern in SECRETS.items() if pattern.search(text)]


def test_tracked_files_hold_no_secret() -> None:
    found = {
        name_of(path): secrets_in(path.read_text(errors="replace"))
        for path in tracked()
        if name_of(path) != SELF
    }
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("token = 'aa_live_" + "a1B2c3D4" * 5 + "'", "our key"),
        ("-----BEGIN EC PRIVATE KEY-----", "private key"),
        ("whsec_" + "Zm9vYmFyYmF6" * 4, "webhook secret"),
        ("EAA" + "Zb9" * 20, "platform token"),
        ("AKIA" + "A" * 16, "cloud key"),
    ],
)
def test_planted_secret_is_found(text: str, kind: str) -> None:
    assert secrets_in(text) == [kind]


def test_every_dependency_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    start = lines.index("dependencies = [")
    end = lines.index("[tool.ruff]")
    naked = [
        line.strip()
        for line in lines[start:end]
        if re.match(r'\s+"[A-Za-z]', line) and "#" not in line and "pytest>=" not in line
    ]
    assert naked == []


def test_locks_hold_every_declared_package() -> None:
    declared = re.findall(
        r'^    "([A-Za-z0-9-]+)',
        (ROOT / "pyproject.toml").read_text().split("[tool.ruff]")[0],
        re.MULTILINE,
    )
    locked = (ROOT / "requirements-dev.lock").read_text().lower()
    assert [name for name in declared if f"\n{name.lower()}" not in locked] == []


def test_scheduled_tasks_exist() -> None:
    app.autodiscover_tasks(force=True)
    scheduled = {entry["task"] for entry in (app.conf.beat_schedule or {}).values()}
    assert scheduled <= set(app.tasks)


def test_every_ring_names_a_bell() -> None:
    from core.queue import NAMES

    rung = {
        node.args[0].value
        for path in chain(
            python_files("accounts", "campaigns", "creatives", "platforms", "webhooks", "config")
        )
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in ("ring", "wait"))
            or (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in ("ring", "wait")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "queue"
            )
        )
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    assert rung <= NAMES
