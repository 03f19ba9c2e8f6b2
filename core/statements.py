"""Statements whose SQL is known: sent by the shortest way, and inserts several at a time.

Inside `gathered()` rows
to insert wait for one another; what is asked meanwhile sends them first: no read lacks them.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import CharField, DateTimeField, Field, TextField, UUIDField, sql

from core.tenancy import TenantModel, check_row

_MARK = re.compile(r"%s|%%")


class Sql:
    """The SQL of a statement, with `%s` for each value as Django writes it."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    @cached_property
    def numbered(self) -> str:
        """With `$1`, `$2`, …, which psycopg sends on as it is."""
        places = iter(range(1, self.sql.count("%s") + 1))
        return _MARK.sub(lambda m: f"${next(places)}" if m[0] == "%s" else "%", self.sql)


@dataclass
class _Waiting:
    """The rows that wait on a connection; `is_held` while statements may overtake them."""

    rows: list[tuple[type[TenantModel], list[Any]]] = field(default_factory=list)
    is_held: bool = False

    def before(self, run: Any, *call: Any) -> Any:
        """Django's wrapper of each statement: the rows go first, unless it would undo them."""
        text, *_parameters, context = call
        if str(text).startswith("ROLLBACK TO"):
            self.take(context["connection"])
        elif not self.is_held:
            self.send(context["connection"])
        return run(*call)

    def add(self, database: Any, model: type[TenantModel], values: list[Any]) -> None:
        if not self.rows:
            # First in the list: Django's own context manager of wrappers removes the last one.
            database.execute_wrappers.insert(0, self.before)
        self.rows.append((model, values))

    def take(self, database: Any) -> list[tuple[type[TenantModel], list[Any]]]:
        rows, self.rows = self.rows, []
        if rows:
            database.execute_wrappers.remove(self.before)
        return rows

    def send(self, database: Any) -> None:
        rows = self.take(database)
        if not rows:
            return
        with transaction.mark_for_rollback_on_error():
            if database.vendor == "postgresql":
                text = _together(tuple(model for model, _values in rows))
                execute(text, [value for _model, values in rows for value in values])
                return
            for model, values in rows:
                execute(_table(model).text, values)


def execute(text: Sql, values: Sequence[Any]) -> Any:
    """The cursor after the statement, on the default connection.

    On PostgreSQL it is one raw cursor as long as the connection lasts: its driver need not look
    for the values' places each time.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    wrappers = database.execute_wrappers
    waiting = vars(database).get("waiting_rows")
    if waiting is not None and waiting.is_held and wrappers == [waiting.before]:
        wrappers = ()
    if database.vendor != "postgresql" or wrappers or database.queries_logged:
        cursor = database.cursor()
        cursor.execute(text.sql, values)
        return cursor
    if not database.in_atomic_block:
        database.close_if_health_check_failed()
        database.ensure_connection()
    kept = vars(database).get("raw_cursor")
    if kept is None or kept.connection is not database.connection:
        database.ensure_connection()
        kept = vars(database)["raw_cursor"] = psycopg.RawCursor(database.connection)
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        return kept.execute(text.numbered, values)


@contextmanager
def gathered() -> Iterator[None]:
    """Rows of `insert` wait until another statement, or the end of the outermost block; the caller
    has opened the transaction outside it. An error ends them unsent.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if "waiting_rows" in vars(database) or not database.in_atomic_block:
        yield
        return
    waiting = vars(database)["waiting_rows"] = _Waiting()
    try:
        yield
        waiting.send(database)
    finally:
        waiting.take(database)
        del vars(database)["waiting_rows"]


@contextmanager
def ahead() -> Iterator[None]:
    """Statements that have nothing to do with the waiting rows and need not send them."""
    waiting = vars(connections[DEFAULT_DB_ALIAS]).get("waiting_rows")
    if waiting is None or waiting.is_held:
        yield
        return
    waiting.is_held = True
    try:
        yield
    finally:
        waiting.is_held = False


def insert(row: TenantModel) -> None:
    """Insert one row with its key already made: `bulk_create([row])`, the SQL built once."""
    check_row(row)
    model = type(row)
    database: Any = connections[DEFAULT_DB_ALIAS]
    values = [column.value(row, database) for column in _table(model).columns]
    waiting = vars(database).get("waiting_rows")
    if waiting is None:
        with transaction.mark_for_rollback_on_error():
            execute(_table(model).text, values)
    else:
        waiting.add(database, model, values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


class Column:
    """A field with the types whose values need no conversion."""

    def __init__(self, field: "Field[Any, Any]") -> None:
        self.field, self.attname = field, field.attname
        source: Any = field
        while source.is_relation:
            source = source.target_field
        kind = type(source)
        auto = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        saves = type(field).pre_save
        self.is_plain = saves is Field.pre_save or (saves is DateTimeField.pre_save and not auto)
        self.is_text = kind in (CharField, TextField)
        self.native = {UUIDField: UUID, DateTimeField: datetime}.get(kind)

    def value(self, row: Any, database: Any) -> Any:
        """The row's value, as the database takes it."""
        value = getattr(row, self.attname) if self.is_plain else self.field.pre_save(row, True)
        kind = type(value)
        if value is None or (self.is_text and kind is str):
            return value
        # Only PostgreSQL knows these types; a time without a zone is for Django to judge.
        is_native = kind is self.native and database.vendor == "postgresql"
        if is_native and (kind is UUID or value.tzinfo is not None):
            return value
        return self.field.get_db_prep_save(value, database)


@dataclass(frozen=True, slots=True)
class _Table:
    """How a row of a model is inserted."""

    text: Sql
    columns: list[Column]


@lru_cache
def _table(model: type[TenantModel]) -> _Table:
    fields = model._meta.local_concrete_fields
    query = sql.InsertQuery(model)
    query.insert_values(fields, [model()])
    [(text, _params)] = query.get_compiler(connection=connection).as_sql()
    return _Table(Sql(text), [Column(one) for one in fields])


@lru_cache
def _together(models: tuple[type[TenantModel], ...]) -> Sql:
    """One statement of PostgreSQL that inserts a row of each; it checks keys when it has ended."""
    *first, last = [_table(model).text.sql for model in models]
    parts = [f"row{number} AS ({text})" for number, text in enumerate(first)]
    return Sql(f"WITH {', '.join(parts)} {last}" if parts else last)
