"""Kill switches that an interrupted engagement or release left with something to do."""

from core.lookups import Lookup

SWITCHES_TO_SWEEP = Lookup(
    "switches_to_sweep",
    sql="""
    SELECT k.tenant_id, k.business_id FROM campaigns_killswitch k
    WHERE (k.is_engaged AND k.stop_delivery AND EXISTS (
        SELECT 1 FROM campaigns_campaign c
        WHERE c.tenant_id = k.tenant_id AND c.business_id = k.business_id
          AND c.status = 'ACTIVE' AND c.external_id <> ''
          AND NOT EXISTS (
            SELECT 1 FROM campaigns_dispatch d
            WHERE d.tenant_id = c.tenant_id AND d.campaign_id = c.id AND d.survives_kill
              AND d.command_kind = 'stop_delivery' AND d.state IN ('ready', 'sent', 'unknown'))))
      OR (k.is_engaged AND EXISTS (
        SELECT 1 FROM campaigns_pendingaction p
        JOIN campaigns_dispatch d ON d.id = p.dispatch_id
        WHERE p.tenant_id = k.tenant_id AND p.business_id = k.business_id
          AND p.status = 'approved' AND d.state IN ('ready', 'held')))
      OR (NOT k.is_engaged AND k.released_at <= :settled AND EXISTS (
        SELECT 1 FROM campaigns_dispatch d
        WHERE d.tenant_id = k.tenant_id AND d.business_id = k.business_id AND d.state = 'held'
          AND NOT (d.command_kind = 'launch_campaign' AND d.needs_person)))
    ORDER BY k.engaged_at LIMIT :most""",
    params={"settled": "timestamptz", "most": "integer"},
    columns={"tenant_id": "uuid", "business_id": "uuid"},
)
