"""ORM statements whose SQL is built once: on a hot path building it costs more than running it.

The queryset stays the source of the SQL and of the rows' shape; its tenant is a parameter like the
others and is always that of the open scope. Rows come back as the queryset would make them.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import (
    CharField,
    DateTimeField,
    Expression,
    Field,
    QuerySet,
    UUIDField,
    sql,
)
from django.db.models.query import ModelIterable, get_related_populators

from core import statements
from core.tenancy import (
    TenantScopeError,
    current_tenant_id,
    tenant_parameter,
)

_TENANT = "tenant of the scope"


class Param(Expression):
    """The place of a value in a statement; `field` converts the value as it would in a filter."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """A placeholder whose value is this very object, for `bind` to replace."""
        return "%s", [self]

    def bind(self, values: dict[str, Any], database: Any) -> Any:
        """The value as the database takes it; raises ValueError for None, which `=` never finds."""
        value = values[self.name]
        if value is None:
            raise ValueError(f"{self.name} is None")
        return self.output_field.get_db_prep_value(value, database)


@dataclass(frozen=True, slots=True)
class _Statement:
    text: statements.Sql
    params: tuple[Any, ...]
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]] = ()
    make: Callable[[Sequence[Any]], Any] = tuple

    def execute(self, values: dict[str, Any]) -> Any:
        database = connections[DEFAULT_DB_ALIAS]
        bound = [p.bind(values, database) if type(p) is Param else p for p in self.params]
        return statements.execute(self.text, bound)

    def row(self, values: Sequence[Any]) -> Any:
        if not self.converters:
            return self.make(values)
        found = list(values)
        for position, converters, expression in self.converters:
            value = found[position]
            for convert in converters:
                value = convert(value, expression, connection)
            found[position] = value
        return self.make(found)


class Compiled[R]:
    """`build(**params)` returns a queryset of scoped managers; `params` are those of `fields` that
    a call gives, so that a filter may be left out. With `update` it is that update of the rows.
    """

    def __init__(
        self,
        build: Callable[..., Any],
        *,
        update: Sequence[str] = (),
        **fields: "Field[Any, Any]",
    ) -> None:
        self._build, self._update, self._fields = build, update, fields
        self._statements: dict[tuple[str, ...], _Statement] = {}

    def rows(self, **values: Any) -> list[R]:
        """The rows for these values."""
        statement, bound = self._prepare(values)
        cursor = statement.execute(bound)
        return [statement.row(row) for row in cursor.fetchall()]

    def first(self, **values: Any) -> R | None:
        """The first of the rows, or None."""
        found = self.rows(**values)
        return found[0] if found else None

    def update(self, **values: Any) -> int:
        """Carry out the update; returns how many rows it met."""
        statement, bound = self._prepare(values)
        with transaction.mark_for_rollback_on_error():
            return cast("int", statement.execute(bound).rowcount)

    def _prepare(self, values: dict[str, Any]) -> tuple[_Statement, dict[str, Any]]:
        tenant = current_tenant_id()
        if tenant is None:
            raise TenantScopeError(f"{self._build.__name__} outside a tenant scope")
        shape = tuple(values)
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = self._compile(shape)
        return statement, {**values, _TENANT: tenant}

    def _compile(self, shape: tuple[str, ...]) -> _Statement:
        params = {name: Param(name, self._fields[name]) for name in shape}
        changed = {name: params.pop(name) for name in self._update}
        with tenant_parameter(Param(_TENANT, UUIDField())):
            queryset = self._build(**params)
        statement = _changing(queryset, changed) if changed else _reading(queryset)
        if not any(isinstance(p, Param) and p.name == _TENANT for p in statement.params):
            raise TenantScopeError(f"{self._build.__name__} reads without a tenant")
        return statement


def _reading(queryset: Any) -> _Statement:
    compiler = queryset.query.get_compiler(connection=connection)
    text, params = compiler.as_sql()
    columns = [column for column, *_rest in compiler.select[: compiler.col_count]]
    converters = compiler.get_converters(columns)
    return _Statement(
        statements.Sql(text),
        tuple(params),
        [(position, *found) for position, found in converters.items()],
        _maker(queryset, compiler) if queryset._iterable_class is ModelIterable else tuple,
    )


def _maker(queryset: Any, compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """What ModelIterable does with each row."""
    info, select, mode = compiler.klass_info, compiler.select, queryset._fetch_mode
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_rest in select[first:last]]
    related = get_related_populators(info, select, connection.alias, mode)
    annotations = compiler.annotation_col_map or {}

    def make(row: Sequence[Any]) -> Any:
        found = info["model"].from_db(connection.alias, names, row[first:last], fetch_mode=mode)
        for populator in related:
            populator.populate(row, found)
        for name, position in annotations.items():
            setattr(found, name, row[position])
        return found

    return make


def _changing(queryset: Any, values: dict[str, Param]) -> _Statement:
    query = queryset.query.chain(sql.UpdateQuery)
    query.add_update_values(values)
    text, params = query.get_compiler(connection=connection).as_sql()
    return _Statement(statements.Sql(text), tuple(params))


Row = tuple[Any, ...]


class Text(str):
    """A string that is a value of a `compiled` read; a plain one is a part of its statement."""

    __slots__ = ()


_KINDS: dict[type, type["Field[Any, Any]"]] = {
    UUID: UUIDField,
    datetime: DateTimeField,
    Text: CharField,
}


@dataclass(frozen=True, slots=True)
class _Slot:
    """A value that may differ from call to call; `count` is None for a single one."""

    kind: type
    count: int | None = None


def compiled(build: Callable[..., "QuerySet[Any, Any]"]) -> Callable[..., list[Row]]:
    """Decorator of a builder of a `values_list` queryset, for reads with many optional filters and
    for tables without a tenant: calling it returns the rows.

    Arguments are keywords. UUIDs, tuples of them, aware datetimes and Text are values of the
    statement, to be used as they are. Any other argument must be hashable and of few values: each
    makes a statement of its own, and the builder may branch on it, as on whether a value is None.
    """

    @wraps(build)
    def rows(**given: Any) -> list[Row]:
        shape: list[tuple[str, Hashable]] = []
        values: dict[str, Any] = {_TENANT: current_tenant_id()}
        for name, value in given.items():
            slot = _slot(value)
            shape.append((name, slot))
            if isinstance(slot, _Slot):
                parts = (value,) if slot.count is None else value
                values.update((f"{name} {n}", part) for n, part in enumerate(parts))
        kept = _kept(build, tuple(shape))
        if kept is None:
            return []
        statement, is_scoped = kept
        if is_scoped and values[_TENANT] is None:
            raise TenantScopeError(f"{build.__name__} outside a tenant scope")
        cursor = statement.execute(values)
        found: list[Row] = cursor.fetchall()
        if not statement.converters:
            return found
        return [statement.row(row) for row in found]

    return rows


def forget() -> None:
    """Build what is `compiled` anew: for who changes the managers under the builders."""
    _kept.cache_clear()


def _slot(value: Any) -> Hashable:
    if type(value) in _KINDS:
        return _Slot(type(value))
    if isinstance(value, tuple) and value and all(type(one) is UUID for one in value):
        return _Slot(UUID, len(value))
    hashable: Hashable = value
    return hashable


@lru_cache(maxsize=512)
def _kept(
    build: Callable[..., "QuerySet[Any, Any]"], shape: tuple[tuple[str, Hashable], ...]
) -> tuple[_Statement, bool] | None:
    """The statement, and whether it is of tenant tables; None where Django knows unasked that
    nothing matches.
    """
    params = {
        f"{name} {n}": Param(f"{name} {n}", _KINDS[slot.kind]())
        for name, slot in shape
        if isinstance(slot, _Slot)
        for n in range(slot.count or 1)
    }

    def place(name: str, slot: Hashable) -> Any:
        if not isinstance(slot, _Slot):
            return slot
        found = tuple(params[f"{name} {n}"] for n in range(slot.count or 1))
        return found[0] if slot.count is None else found

    def made() -> _Statement:
        with tenant_parameter(Param(_TENANT, UUIDField())):
            queryset = build(**{name: place(name, slot) for name, slot in shape})
        return _reading(queryset)

    try:
        statement, again = made(), made()
    except EmptyResultSet:
        return None
    used = {param.name for param in statement.params if isinstance(param, Param)}
    # What differs from one build to the next, as the clock does, would be kept for every call.
    if _constants(statement) != _constants(again) or params.keys() - used:
        raise ValueError(f"{build.__name__} does not use its arguments as they are")
    return statement, _TENANT in used


def _constants(statement: _Statement) -> list[str]:
    return [repr(param) for param in statement.params if not isinstance(param, Param)]
