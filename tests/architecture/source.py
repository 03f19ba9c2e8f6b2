"""The project's own source as the architecture tests read it."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "accounts",
    "analytics",
    "billing",
    "campaigns",
    "creatives",
    "platforms",
    "webhooks",
    "core",
)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file())


def python_files(*tops: str) -> list[Path]:
    """Python files of the given top-level folders, migrations left out."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in tops
        and "migrations" not in path.parts
    ]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(path: Path) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    covered: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.stmt) and not _is_docstring(node):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                covered.update(range(node.lineno, node.body[0].lineno))
            elif not hasattr(node, "body"):
                covered.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            else:
                covered.add(node.lineno)
    lines = path.read_text().splitlines()
    return sum(1 for number in covered if lines[number - 1].strip(" \t").lstrip("#") != "")


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
