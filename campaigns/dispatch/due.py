"""What is due, over all tenants: the questions asked before a tenant is known."""

from core.lookups import Lookup

DISPATCH_DUE = Lookup(
    "dispatch_due",
    sql="""
    SELECT d.tenant_id, d.id AS dispatch_id
    FROM campaigns_dispatch d
    WHERE d.state IN ('ready', 'sent', 'unknown') AND d.next_attempt_at <= :moment
      AND (d.survives_kill OR NOT :stops_only)
    ORDER BY d.next_attempt_at LIMIT :most""",
    params={"moment": "timestamptz", "stops_only": "boolean", "most": "integer"},
    columns={"tenant_id": "uuid", "dispatch_id": "uuid"},
)
SYNC_DUE = Lookup(
    "sync_due",
    sql="""
    SELECT c.tenant_id, c.id AS connection_id
    FROM platforms_connection c
    WHERE c.status = 'connected' AND c.disconnected_at IS NULL AND (
      c.synced_at IS NULL OR c.synced_at <= :stale
      OR EXISTS (
        SELECT 1 FROM campaigns_dispatch d JOIN platforms_adaccount a ON a.id = d.ad_account_id
        WHERE a.connection_id = c.id AND d.finished_at > c.synced_at))
    ORDER BY c.synced_at LIMIT :most""",
    params={"stale": "timestamptz", "most": "integer"},
    columns={"tenant_id": "uuid", "connection_id": "uuid"},
)
CONNECTION_TENANT = Lookup(
    "connection_tenant",
    sql="SELECT tenant_id FROM platforms_connection WHERE id = :connection_id",
    params={"connection_id": "uuid"},
    columns={"tenant_id": "uuid"},
)
