"""T4: PostgreSQL's catalog says that every table of a tenant is walled, and how."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import Business
from accounts.rls import APPEND_ONLY, NO_POLICY, tenant_models
from core.lookups import REGISTRY
from core.tenancy import tenant_tx

pytestmark = [
    pytest.mark.bar,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security"),
]
TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
  ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1),
  pg_get_userbyid(c.relowner)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""
POLICIES = ["admin_rows", "lookup_rows", "tenant_rows"]


def ask(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def as_role(role, *statements):
    """The last statement's rows, run as a role and undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        if role:
            cursor.execute(f'SET LOCAL ROLE "{role}"')
        for statement in statements:
            cursor.execute(statement)
        found = cursor.fetchall() if cursor.description else []
        cursor.execute("RESET ROLE")
        cursor.execute(f'SET ROLE "{settings.RUNTIME_DB_ROLE}"')
        return found


def unwalled():
    """Tables with a tenant but without their wall, or without a word in NO_POLICY."""
    mine = {model._meta.db_table for model in tenant_models()}
    wrong = []
    for name, enabled, forced, policies, _owner in ask(TABLES):
        if name in mine:
            if not (enabled and forced and policies == POLICIES):
                wrong.append(name)
        elif name not in NO_POLICY:
            wrong.append(name)
    return wrong


def test_t4_every_tenant_table_is_walled(db):
    tables = ask(TABLES)
    roles = ask(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles "
        "WHERE rolname = ANY(%s)",
        [settings.RUNTIME_DB_ROLE, settings.ADMIN_DB_ROLE, settings.LOOKUP_DB_ROLE],
    )
    owned = [name for name, *_rest, owner in tables if owner == settings.RUNTIME_DB_ROLE]
    wrong = unwalled()
    print(f"BAR T4 {len(tables)} tables: {len(wrong)} exceptions, runtime role owns {len(owned)}")
    assert wrong == []
    assert owned == []
    assert len(roles) == 3
    assert [name for name, *powers in roles if any(powers)] == []


def test_t4_control_a_table_without_a_wall_is_found(db):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("ALTER TABLE webhooks_endpoint NO FORCE ROW LEVEL SECURITY")
        cursor.execute("CREATE TABLE forgotten (tenant_id uuid)")
        found = unwalled()
        transaction.set_rollback(True)
    print(f"BAR T4 control {len(found)} of 2 seeded exceptions found")
    assert sorted(found) == ["forgotten", "webhooks_endpoint"]


def test_t4_the_session_is_the_runtime_role_and_no_view_sees_through(db):
    assert ask("SELECT current_user") == [(settings.RUNTIME_DB_ROLE,)]
    views = ask(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') "
        "AND relnamespace = 'public'::regnamespace "
        "AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)"
    )
    assert views == []


def test_no_policy_list_names_only_tables_that_exist(db):
    assert set(NO_POLICY) - {row[0] for row in ask(TABLES)} == set()


def test_lookup_functions_are_the_declared_ones_and_closed_to_others(db):
    found = ask(
        "SELECT proname, pg_get_userbyid(proowner), proconfig::text, proacl::text FROM pg_proc "
        "WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {row[0] for row in found} == {lookup.function for lookup in REGISTRY.values()}
    for _name, owner, config, acl in found:
        assert owner == settings.LOOKUP_DB_ROLE
        assert "search_path=public, pg_temp" in config
        assert not acl.startswith("{=")
        assert ",=" not in acl
    rights = ask("SELECT has_schema_privilege(%s, 'public', 'CREATE')", settings.LOOKUP_DB_ROLE)
    assert rights == [(False,)]


def test_runtime_role_without_a_tenant_sees_and_writes_nothing(acme, rival):
    assert ask("SELECT count(*) FROM accounts_business") == [(0,)]
    with pytest.raises(DatabaseError), transaction.atomic():
        ask(
            "INSERT INTO accounts_business (id, tenant_id, name, environment, currency, "
            "is_archived, created_at) VALUES (gen_random_uuid(), %s, 'x', 'test', 'USD', false, "
            "now()) RETURNING id",
            rival.tenant.id,
        )
    with tenant_tx(acme.tenant.id):
        assert ask("SELECT count(*) FROM accounts_business") == [(2,)]
        assert Business.objects.count() == 2
    assert ask("SELECT count(*) FROM accounts_business") == [(0,)]


def test_owner_is_walled_too_and_admin_sees_all_but_changes_no_audit(acme, rival):
    count = "SELECT count(*) FROM accounts_business"
    assert as_role(settings.ADMIN_DB_ROLE, count) == [(4,)]
    for table in APPEND_ONLY:
        for verb in (f"UPDATE {table} SET event_type = ''", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError):
                as_role(settings.ADMIN_DB_ROLE, verb)
    owner = (
        "SET CONSTRAINTS ALL IMMEDIATE; CREATE ROLE wall_probe NOLOGIN; "
        "ALTER TABLE accounts_business OWNER TO wall_probe; "
    )
    grant = "GRANT USAGE ON SCHEMA public TO wall_probe; SET LOCAL ROLE wall_probe"
    with transaction.atomic():
        assert as_role("", owner + grant, count) == [(0,)]
        transaction.set_rollback(True)


def test_policies_survive_a_second_migration(db):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        call_command("migrate", verbosity=0, run_syncdb=False)
        with connection.cursor() as cursor:
            cursor.execute(f'SET ROLE "{settings.RUNTIME_DB_ROLE}"')
        assert unwalled() == []
