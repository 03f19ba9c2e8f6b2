"""Code stays in pieces that fit on a screen."""

import ast

from tests.architecture.source import (
    ROOMS,
    ROOT,
    code_lines,
    functions,
    name_of,
    python_files,
    tracked,
)

PRODUCT = (*ROOMS, "config")
FUNCTION, MODULE, TEMPLATE, VIEW = 60, 400, 200, 25
VIEW_MODULES = ("views", "api", "partner_api")
ORM_WRITES = {"save", "create", "bulk_create", "update_or_create", "get_or_create", "bulk_update"}


def test_functions_stay_under_the_limit() -> None:
    too_long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files(*PRODUCT, "tools", "bench")
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION
    ]
    assert too_long == []


def test_modules_stay_under_the_limit() -> None:
    too_long = [
        f"{name_of(path)} {code_lines(path)}"
        for path in python_files(*PRODUCT, "tools", "bench")
        if code_lines(path) > MODULE
    ]
    assert too_long == []


def test_templates_stay_under_the_limit() -> None:
    too_long = [
        name_of(path)
        for path in tracked()
        if path.is_relative_to(ROOT / "templates") and len(path.read_text().splitlines()) > TEMPLATE
    ]
    assert too_long == []


def views() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    found = []
    for path in python_files(*PRODUCT):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if any(part in VIEW_MODULES for part in parts) and "simulator" not in parts:
            found += [(name_of(path), node) for node in functions(path)]
    return found


def test_views_are_short() -> None:
    too_long = [
        f"{path}:{node.lineno} {node.name}"
        for path, node in views()
        if (node.end_lineno or 0) - node.lineno + 1 > VIEW + len(node.decorator_list)
    ]
    assert too_long == []


def test_views_write_nothing_through_the_orm() -> None:
    writes = [
        f"{path}:{call.lineno}"
        for path, node in views()
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ORM_WRITES
        and not isinstance(call.func.value, ast.Name)
    ]
    assert writes == []
