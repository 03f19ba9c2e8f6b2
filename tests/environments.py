"""Every row of a tenant belongs to test or to live, together with all that it points at."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from accounts.rls import tenant_models
from core.tenancy import tenant_tx

type Place = tuple[type[models.Model], Any]
SOURCE = "environment"


@cache
def links(model: type[models.Model]) -> dict[str, type[models.Model]]:
    """Column → the tenant model it names: foreign keys, and plain ids called like a model."""
    by_name = {"_".join(one._meta.verbose_name.split()) + "_id": one for one in tenant_models()} | {
        "ad_set_id": apps.get_model("campaigns", "AdSet")
    }
    found = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            if field.related_model in tenant_models():
                found[field.attname] = field.related_model
        elif isinstance(field, models.UUIDField) and field.name in by_name:
            found[field.name] = by_name[field.name]
    return found


@cache
def has_environment(model: type[models.Model]) -> bool:
    return SOURCE in {field.name for field in model._meta.concrete_fields}


class Walk:
    """All rows of one tenant, each with the environments it reaches upwards."""

    def __init__(self, tenant_id: UUID) -> None:
        self.rows: dict[Place, dict[str, Any]] = {}
        self.seen: dict[Place, frozenset[str]] = {}
        with tenant_tx(tenant_id, readonly=True):
            for model in tenant_models():
                columns = ["pk", *links(model), *([SOURCE] if has_environment(model) else [])]
                for row in model.objects.values(*columns):
                    self.rows[model, row["pk"]] = row

    def reached(self, place: Place) -> frozenset[str]:
        """The environments of a row and of everything it points at."""
        if place not in self.seen:
            self.seen[place] = frozenset()  # ends a circle
            row = self.rows.get(place, {})
            found = {row[SOURCE]} if row.get(SOURCE) else set()
            for column, target in links(place[0]).items():
                if row.get(column):
                    found |= self.reached((target, row[column]))
            self.seen[place] = frozenset(found)
        return self.seen[place]


def mixed(tenant_ids: Iterable[UUID]) -> tuple[int, list[str]]:
    """How many rows were walked, and those that reach both environments."""
    walked, wrong = 0, []
    for tenant_id in tenant_ids:
        walk = Walk(tenant_id)
        walked += len(walk.rows)
        wrong += [
            f"{model.__name__} {pk}"
            for model, pk in walk.rows
            if len(walk.reached((model, pk))) > 1
        ]
    return walked, wrong
