"""The house's import rules: contracts hold, and nobody reaches around them at run time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOMS, ROOT, name_of, python_files, tree

DYNAMIC = {"__import__", "import_module", "import_string", "exec", "eval", "autodiscover_modules"}


def dynamic_imports(code: ast.Module) -> list[int]:
    """Lines that import by name or run text as code."""
    return [
        node.lineno
        for node in ast.walk(code)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in DYNAMIC)
            or (isinstance(node.func, ast.Attribute) and node.func.attr in DYNAMIC)
        )
    ]


def test_rooms_import_nothing_dynamically() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in python_files(*ROOMS)
        for line in dynamic_imports(tree(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\nimportlib.import_module('platforms.meta.writer')",
        "from importlib import import_module\nimport_module('platforms.meta.writer')",
        "__import__('platforms.meta.writer')",
        "from django.utils.module_loading import import_string\nimport_string('a.b')",
        "exec('import platforms.meta.writer')",
    ],
)
def test_dynamic_import_is_found(code: str) -> None:
    assert dynamic_imports(ast.parse(code)) == [len(code.splitlines())]


def test_import_contracts_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
