"""Which reports a credential may see, and which are due."""

from datetime import datetime

from django.db.models import QuerySet

from analytics.models import Report
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from core.lookups import Lookup

REPORTS_DUE = Lookup(
    "reports_due",
    sql="""
    SELECT tenant_id, id FROM analytics_report
    WHERE state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until <= :now)
    ORDER BY created_at LIMIT 50""",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid", "id": "uuid"},
)
TENANTS_WITH_EXPIRED_REPORTS = Lookup(
    "tenants_with_expired_reports",
    sql="SELECT DISTINCT tenant_id FROM analytics_report WHERE expires_at <= :now",
    params={"now": "timestamptz"},
    columns={"tenant_id": "uuid"},
)


def list_reports(actor: Actor, *, now: datetime) -> QuerySet[Report]:
    """Reports that have not expired, newest first, without their files; those on all businesses
    only for a credential that sees all.
    """
    rows: QuerySet[Report] = Report.objects.filter(expires_at__gt=now).defer("content")
    if actor.environment is not None:
        rows = rows.filter(environment=actor.environment)
    if actor.business_id is not None:
        rows = rows.filter(business_id=actor.business_id)
    if actor.business_ids is not None:
        rows = rows.filter(business_id__in=actor.business_ids)
    return rows.order_by("-created_at", "-id")


def get_report(actor: Actor, public_id: str, *, now: datetime) -> Report:
    """One report; missing, foreign and expired ones raise the same NotFoundError."""
    found = list_reports(actor, now=now).filter(pk=decode("rpt", public_id)).first()
    if found is None:
        raise NotFoundError
    return found
