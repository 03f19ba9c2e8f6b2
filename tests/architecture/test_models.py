"""Environments never mix: rows joined by a foreign key carry the same one."""

from django.apps import apps
from django.db import models

from accounts.rls import NO_POLICY, tenant_models
from core.tenancy import TenantModel


def environment_pairs() -> list[tuple[type[models.Model], str, type[models.Model]]]:
    """Foreign keys whose two ends both have an `environment`."""
    return [
        (model, field.name, field.related_model)
        for model in tenant_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and "environment" in {f.name for f in model._meta.get_fields()}
        and "environment" in {f.name for f in field.related_model._meta.get_fields()}
    ]


def test_pairs_are_known() -> None:
    names = {f"{model.__name__}.{field}" for model, field, _ in environment_pairs()}
    assert {
        "AdAccount.business",
        "AdAccount.connection",
        "Campaign.ad_account",
        "Campaign.business",
        "Connection.business",
        "Dispatch.business",
        "PendingAction.business",
    } <= names


def test_every_table_has_a_tenant_or_a_reason() -> None:
    nameless = [
        model._meta.db_table
        for model in apps.get_models()
        if not issubclass(model, TenantModel)
        and model._meta.db_table not in NO_POLICY
        and model._meta.app_label not in ("simulator", "admin")
    ]
    assert nameless == []


def test_constraints_and_indexes_are_named_by_hand() -> None:
    unnamed = [
        f"{model.__name__}.{item.name}"
        for model in tenant_models()
        for item in [*model._meta.indexes, *model._meta.constraints]
        if not item.name or "%" in item.name
    ]
    assert unnamed == []


def test_money_is_an_integer_of_micros() -> None:
    wrong = [
        f"{model.__name__}.{field.name}"
        for model in tenant_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FloatField | models.DecimalField)
        or (
            getattr(field, "name", "").endswith("_micros")
            and not isinstance(field, models.BigIntegerField)
        )
    ]
    assert wrong == []
