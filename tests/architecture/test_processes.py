"""What a process of each role finds once Django is set up, as `manage.py` sets it up."""

import ast
import os
import subprocess
import sys

from config.serving import processes
from tests.architecture.source import ROOMS, ROOT, python_files, tree


def declared_lookups() -> set[str]:
    return {
        str(ast.literal_eval(node.args[0]))
        for path in python_files(*ROOMS, "config")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "Lookup"
    }


def in_a_process(code: str, **environment: str) -> list[str]:
    """Printed lines of `code` in a fresh process after `django.setup()`."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_migration_knows_every_lookup_it_has_to_create() -> None:
    declared = declared_lookups()
    assert "switches_to_sweep" in declared
    found = in_a_process("from core.lookups import REGISTRY; print(*REGISTRY, sep='\\n')")
    assert set(found) == declared


def test_every_role_can_be_served() -> None:
    code = "from django.core.management import get_commands; print(get_commands().get('serve'))"
    for role in ("all_in_one", "web", "stream", "worker", "dispatcher", "beat", "simulator"):
        assert in_a_process(code, ROLE=role) == ["config"], role


def test_a_terminals_ctrl_c_does_not_reach_the_children() -> None:
    child = processes.spawn("version")
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        child.wait()
