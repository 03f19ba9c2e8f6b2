"""Look-ups that come before a tenant is known: a handful of named, read-only statements.

On PostgreSQL each is a SECURITY DEFINER function of the NOLOGIN look-up role, the only way around
row-level
security for the runtime role; on SQLite the same statement runs as it is. A room declares its
look-ups in its
`queries` module; `accounts.rls` creates the functions after every migration.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core.statements import Sql, execute

REGISTRY: dict[str, "Lookup"] = {}


def _timestamp(value: Any) -> datetime:
    parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


_READERS: dict[str, Callable[[Any], Any]] = {
    "uuid": lambda value: value if isinstance(value, UUID) else UUID(str(value)),
    "jsonb": lambda value: json.loads(value) if isinstance(value, str) else value,
    "timestamptz": _timestamp,
    "boolean": bool,
    "text": str,
    "integer": int,
    "bigint": int,
}


class Lookup:
    """One statement. `sql` names its parameters as `:name`; `params` and `columns` map names to
    SQL types.
    """

    def __init__(
        self, name: str, *, sql: str, params: dict[str, str], columns: dict[str, str]
    ) -> None:
        if name in REGISTRY:
            raise ValueError(f"lookup {name} is declared twice")
        self.name, self.sql, self.params, self.columns = name, sql, params, columns
        readers = [(column, kind, _READERS[kind]) for column, kind in columns.items()]
        self._readers = {
            "sqlite": [(column, read) for column, _kind, read in readers],
            "postgresql": [(column, read) for column, kind, read in readers if kind == "jsonb"],
        }
        marks = ", ".join(["%s"] * len(params))
        self._call = Sql(f"SELECT * FROM {self.function}({marks})")  # noqa: S608 - our constant
        REGISTRY[name] = self

    @property
    def function(self) -> str:
        return f"adamant_{self.name}"

    def rows(self, **values: Any) -> list[dict[str, Any]]:
        """All rows for the given parameters."""
        if connection.vendor == "postgresql":
            found = execute(self._call, [values[name] for name in self.params]).fetchall()
        else:
            with connection.cursor() as cursor:
                cursor.execute(
                    self._inline_sql(), {name: self._sqlite(values[name]) for name in self.params}
                )
                found = cursor.fetchall()
        return [self._row(values) for values in found]

    def _row(self, values: tuple[Any, ...]) -> dict[str, Any]:
        row = dict(zip(self.columns, values, strict=True))
        for name, read in self._readers[connection.vendor]:
            if row[name] is not None:
                row[name] = read(row[name])
        return row

    def one(self, **values: Any) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def _inline_sql(self) -> str:
        sql = self.sql
        for name in self.params:
            sql = sql.replace(f":{name}", f"%({name})s")
        return sql

    @staticmethod
    def _sqlite(value: Any) -> Any:
        if isinstance(value, UUID):
            return value.hex
        if isinstance(value, datetime):
            return (
                value.astimezone(UTC)
                .replace(tzinfo=None)
                .isoformat(sep=" ", timespec="microseconds")
            )
        return value

    def create_sql(self, role: str) -> list[str]:
        """Statements that (re)create the function on PostgreSQL, owned by `role`.

        In PL/pgSQL, which plans a statement once a connection: a function in plain SQL is planned
        at every call.
        """
        arguments = ", ".join(f"p_{name} {kind}" for name, kind in self.params.items())
        types = ", ".join(self.params.values())
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        typed = ", ".join(f"found.{name}::{kind}" for name, kind in self.columns.items())
        sql = self.sql
        for name in self.params:
            sql = sql.replace(f":{name}", f"p_{name}")
        body = f"SELECT {typed} FROM ({sql}) AS found"  # noqa: S608 - the text is our constant
        return [
            f"DROP FUNCTION IF EXISTS {self.function}({types})",
            (
                f"CREATE FUNCTION {self.function}({arguments}) RETURNS TABLE({columns}) "
                "LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp "
                "AS $lookup$ #variable_conflict use_column\n"
                f"BEGIN RETURN QUERY {body}; END $lookup$"
            ),
            f"ALTER FUNCTION {self.function}({types}) OWNER TO {role}",
            f"REVOKE ALL ON FUNCTION {self.function}({types}) FROM PUBLIC",
        ]
