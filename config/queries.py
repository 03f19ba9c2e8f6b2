"""Reads that span tenants: what readiness and doctor ask."""

from core.lookups import Lookup

OLDEST_DUE_DISPATCH = Lookup(
    "oldest_due_dispatch",
    sql="""
    SELECT MIN(next_attempt_at) AS due_at, COUNT(*) AS waiting FROM campaigns_dispatch
    WHERE state IN ('ready', 'sent', 'unknown') AND NOT needs_person AND next_attempt_at < :before
      AND (lease_until IS NULL OR lease_until < :before)""",
    params={"before": "timestamptz"},
    columns={"due_at": "timestamptz", "waiting": "bigint"},
)
