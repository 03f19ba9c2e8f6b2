"""docs/operations.csv, written by hand, says what the code does."""

import csv
from pathlib import Path

from accounts.domain.scopes import CANONICAL
from campaigns.commands import COMMANDS
from campaigns.domain.operations import OPERATIONS, axes_of
from campaigns.gateway.planning import PLANNERS

TABLE = Path(__file__).parents[3] / "docs" / "operations.csv"


def rows():
    with TABLE.open() as file:
        return list(csv.DictReader(file))


def test_table_and_code_name_the_same_operations():
    assert {row["operation"] for row in rows()} == OPERATIONS.keys()
    assert OPERATIONS.keys() == COMMANDS.keys() == PLANNERS.keys()


def test_every_row_is_what_the_code_says():
    for row in rows():
        operation = OPERATIONS[row["operation"]]
        payload = {row["field"]: "x"} if row["field"] else {}
        axes = {axis.value for axis in axes_of(row["operation"], payload)}
        assert axes == set(row["axes"].split()), row
        assert (operation.target_type, operation.scope) == (row["target"], row["scope"]), row
        assert operation.reversible == (row["reversible"] == "yes"), row
        assert operation.scope in CANONICAL


def test_every_field_of_an_update_has_a_row():
    fields = {(row["operation"], row["field"]) for row in rows() if row["field"]}
    coded = {(kind, name) for kind, op in OPERATIONS.items() for name in op.field_axes}
    assert fields == coded
    for kind, name in coded:
        assert name in COMMANDS[kind].model_fields


def test_axes_of_an_update_are_the_union_of_its_fields():
    assert axes_of("update_campaign", {"name": "n", "budget_micros": 1}) == {
        "structural",
        "tactical",
    }
