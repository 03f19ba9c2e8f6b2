"""The second wall on PostgreSQL: roles, row-level security, append-only audit, look-up functions.

`sync` runs after every migration as the owner and is idempotent, so that a new tenant table
cannot be forgotten.
On SQLite it only makes the audit tables append-only.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from core.lookups import REGISTRY
from core.tenancy import TenantModel

# Tables without a tenant, each with its reason; a tested list (decisions.md 19).
NO_POLICY = {
    "accounts_tenant": "the list of tenants itself; rows are reached by id only",
    "accounts_user": "a person may belong to several tenants",
    "accounts_user_groups": "Django's permission tables",
    "accounts_user_user_permissions": "Django's permission tables",
    "accounts_emailcode": "belongs to a person",
    "accounts_outgoingmail": "mail on its way to a person",
    "accounts_loopturn": "when the background loops last worked",
    "accounts_oauthaccesstoken": "found by digest before the tenant is known",
    "accounts_oauthapplication": "a public client is nobody's; who owns one is AppRegistration",
    "accounts_oauthgrant": "found by digest before the tenant is known",
    "accounts_oauthrefreshtoken": "found by digest before the tenant is known",
    "accounts_systemauditevent": "events without a tenant",
    "billing_plan": "public price list",
    "webhooks_inboundevent": "what a provider says before its tenant is known: ids alone",
    "account_emailaddress": "belongs to a person",
    "account_emailconfirmation": "belongs to a person",
    "mfa_authenticator": "belongs to a person",
    "oauth2_provider_devicegrant": "comes with the library, unused",
    "oauth2_provider_idtoken": "comes with the library, unused",
    "usersessions_usersession": "belongs to a person",
    "django_session": "sign-in sessions",
    "django_admin_log": "super-admin actions",
    "django_content_type": "framework",
    "django_migrations": "framework",
    "auth_group": "framework",
    "auth_group_permissions": "framework",
    "auth_permission": "framework",
}
APPEND_ONLY = ("accounts_auditevent", "accounts_systemauditevent")


def tenant_models() -> list[type[models.Model]]:
    """Every concrete model that belongs to a tenant."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def sync(connection: BaseDatabaseWrapper) -> None:
    """Bring roles, policies, grants, triggers and look-up functions in line with the models."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _sync_roles(cursor)
            _sync_policies(cursor, existing)
            _sync_append_only(cursor, existing)
            _sync_lookups(cursor, existing)
        else:
            _sync_sqlite_append_only(cursor, existing)


def _sync_roles(cursor: CursorWrapper) -> None:
    for role in (settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE, settings.LOOKUP_DB_ROLE):
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if not cursor.fetchone():
            cursor.execute(f'CREATE ROLE "{role}" NOLOGIN NOSUPERUSER NOBYPASSRLS')
    _let_owner_assume_roles(cursor)
    for role in (settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE):
        cursor.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
        cursor.execute(
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"'
        )
        cursor.execute(f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"')
        cursor.execute(f'REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM "{role}"')
    cursor.execute(f'GRANT USAGE, CREATE ON SCHEMA public TO "{settings.LOOKUP_DB_ROLE}"')
    cursor.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{settings.LOOKUP_DB_ROLE}"')


def _let_owner_assume_roles(cursor: CursorWrapper) -> None:
    """With one DATABASE_URL the owner drops to the runtime role on connecting (config.database);
    handing a function to the look-up role needs membership too. A superuser needs neither.
    """
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone() == (True,):
        return
    for role in (settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE, settings.LOOKUP_DB_ROLE):
        cursor.execute(f'GRANT "{role}" TO CURRENT_USER')


def _sync_policies(cursor: CursorWrapper, existing: set[str]) -> None:
    mine = "tenant_id = NULLIF(current_setting('adamant.tenant', true), '')::uuid"
    for model in tenant_models():
        table = model._meta.db_table
        if table not in existing:
            continue
        cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        cursor.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        for policy in ("tenant_rows", "admin_rows", "lookup_rows"):
            cursor.execute(f'DROP POLICY IF EXISTS {policy} ON "{table}"')
        cursor.execute(f'CREATE POLICY tenant_rows ON "{table}" USING ({mine}) WITH CHECK ({mine})')
        cursor.execute(
            f'CREATE POLICY admin_rows ON "{table}" TO "{settings.ADMIN_DB_ROLE}" USING (true)'
        )
        cursor.execute(
            f'CREATE POLICY lookup_rows ON "{table}" FOR SELECT '
            f'TO "{settings.LOOKUP_DB_ROLE}" USING (true)'
        )


def _sync_append_only(cursor: CursorWrapper, existing: set[str]) -> None:
    cursor.execute(
        "CREATE OR REPLACE FUNCTION adamant_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$fn$ BEGIN RAISE EXCEPTION 'audit rows are append-only'; END $fn$"
    )
    for table in APPEND_ONLY:
        if table in existing:
            for role in (settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE):
                cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM "{role}"')
            cursor.execute(f'DROP TRIGGER IF EXISTS append_only ON "{table}"')
            cursor.execute(
                f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
                "FOR EACH ROW EXECUTE FUNCTION adamant_append_only()"
            )


def _sync_lookups(cursor: CursorWrapper, existing: set[str]) -> None:
    if not {model._meta.db_table for model in tenant_models()} <= existing:
        return  # a partial migration; the statements would name missing tables
    _drop_lookups(cursor)
    for lookup in REGISTRY.values():
        for statement in lookup.create_sql(f'"{settings.LOOKUP_DB_ROLE}"'):
            cursor.execute(statement)
        types = ", ".join(lookup.params.values())
        for role in (settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE):
            cursor.execute(f'GRANT EXECUTE ON FUNCTION {lookup.function}({types}) TO "{role}"')
    cursor.execute(f'REVOKE CREATE ON SCHEMA public FROM "{settings.LOOKUP_DB_ROLE}"')


def _drop_lookups(cursor: CursorWrapper) -> None:
    """Remove every look-up function, so that one that is no longer declared does not stay."""
    cursor.execute(
        "SELECT oid::regprocedure FROM pg_proc WHERE prosecdef "
        "AND proowner = (SELECT oid FROM pg_roles WHERE rolname = %s) "
        "AND pronamespace = 'public'::regnamespace",
        [settings.LOOKUP_DB_ROLE],
    )
    for (signature,) in cursor.fetchall():
        cursor.execute(f"DROP FUNCTION {signature}")


def _sync_sqlite_append_only(cursor: CursorWrapper, existing: set[str]) -> None:
    for table in APPEND_ONLY:
        if table in existing:
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} "
                    f"BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'audit rows are append-only'); END"
                )


def after_migrate(*, using: str, **_kwargs: Any) -> None:
    """Receiver of post_migrate for the default database, once all apps are migrated."""
    if using == "default":
        sync(connections[using])
