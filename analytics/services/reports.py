"""Reports: asked for, made in the background, mailed, forgotten after a day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from analytics.bodies import ReportBody
from analytics.domain.tables import TooLargeError
from analytics.models import Report
from analytics.queries.reach import open_reach
from analytics.queries.reports import REPORTS_DUE, TENANTS_WITH_EXPIRED_REPORTS, list_reports
from analytics.queries.tables import report_table
from analytics.services.report_files import write_file
from analytics.services.report_links import download_url
from analytics.services.report_pdf import PdfUnavailableError, is_available
from core.actors import Actor
from core.errors import RateLimitedError
from core.ids import decode, encode
from core.tenancy import tenant_tx

log = structlog.get_logger(__name__)
KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 3
MOST_KEPT = 100


def create_report(
    actor: Actor,
    body: ReportBody,
    *,
    environment: str,
    business_id: UUID | None,
    now: datetime,
) -> Report:
    """Queue a report of a checked request; raises PdfUnavailableError, and RateLimitedError for too
    many still kept.
    """
    if body.format == "pdf" and not is_available():
        raise PdfUnavailableError
    with tenant_tx(actor.tenant_id):
        if list_reports(actor, now=now).count() >= MOST_KEPT:
            raise RateLimitedError(
                _("There are %(most)d reports already.") % {"most": MOST_KEPT},
                code="too_many_reports",
                retry_after=3600,
                hint=_("Each is kept for 24 hours; ask again later."),
            )
        made: Report = Report.objects.create(
            tenant_id=actor.tenant_id,
            environment=environment,
            business_id=business_id,
            requested_by=actor.id,
            user_id=actor.user_id,
            format=body.format,
            params=body.model_dump(mode="json", exclude={"format", "business_id"}),
            created_at=now,
            expires_at=now + KEPT,
        )
        record_audit(
            actor,
            "report.requested",
            now=now,
            target_type="report",
            target_id=encode("rpt", made.pk),
            business_id=business_id,
            facts={"format": body.format},
        )
        return made


def due(now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, report) of what waits, or whose maker died."""
    return [(row["tenant_id"], row["id"]) for row in REPORTS_DUE.rows(now=now)]


def make(tenant_id: UUID, report_id: UUID, *, now: datetime) -> bool:
    """Make one report, unless somebody else does or has; True where the file is there."""
    report = _claim(tenant_id, report_id, now=now)
    if report is None:
        return False
    try:
        content, rows = _content(report)
    except TooLargeError:
        _finish(report, now=now, state="failed", error_code="report_too_large")
        return False
    except PdfUnavailableError as error:  # a web process that has the renderer, a worker without
        _finish(report, now=now, state="failed", error_code=error.code)
        return False
    except Exception:
        log.exception("report_failed", report=str(report_id), attempt=report.attempts)
        if report.attempts >= MOST_ATTEMPTS:
            _finish(report, now=now, state="failed", error_code="report_failed")
        return False
    return _finish(report, now=now, state="ready", content=content, size=len(content), rows=rows)


def _claim(tenant_id: UUID, report_id: UUID, *, now: datetime) -> Report | None:
    """The report with a lease on it; after the last attempt died, it has failed."""
    with tenant_tx(tenant_id):
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        rows = Report.objects.filter(free, pk=report_id, state__in=["queued", "running"])
        if rows.filter(attempts__gte=MOST_ATTEMPTS).update(
            state="failed", error_code="report_failed", finished_at=now
        ):
            return None
        taken = rows.update(state="running", attempts=F("attempts") + 1, lease_until=now + LEASE)
        found: Report | None = Report.objects.filter(pk=report_id).first() if taken else None
        return found


def _content(report: Report) -> tuple[bytes, int]:
    """The file and its number of rows."""
    body = ReportBody.model_validate({**report.params, "format": report.format})
    narrower: dict[str, Any] = {"publisher_platform": body.platform}
    if body.campaign_id:
        narrower["campaign_id"] = decode("camp", body.campaign_id, aliases=("cmp",))
    with tenant_tx(report.tenant_id, readonly=True):
        reach = open_reach(report.environment, business_id=report.business_id, limits=None)
        table = report_table(
            reach,
            body.stored_period,
            interval=body.interval,
            breakdown=body.breakdown,
            wanted=body.wanted,
            **narrower,
        )
    return write_file(report.format, table), len(table.rows)


def _finish(report: Report, *, now: datetime, **values: Any) -> bool:
    """Write the outcome, if the lease is still ours; the mail leaves with it."""
    with tenant_tx(report.tenant_id):
        rows = Report.objects.filter(pk=report.pk, state="running", lease_until=report.lease_until)
        said: Mapping[str, Any] = {"finished_at": now, "expires_at": now + KEPT, **values}
        if not rows.update(**said):
            return False
        if values["state"] == "ready" and report.params.get("email"):
            _mail(report, now=now)
    return bool(values["state"] == "ready")


def _mail(report: Report, *, now: datetime) -> None:
    """To the person whose key asked, and nobody else."""
    person = User.objects.filter(pk=report.user_id).first() if report.user_id else None
    if person is not None and person.is_active and person.email_verified_at:
        said = {
            "name": person.first_name,
            "link": download_url(report),
            "since": report.params["date_from"],
            "until": report.params["date_to"],
        }
        queue_mail("report_ready", person.email, said, now=now)


def forget_expired(now: datetime) -> int:
    """Delete what is no longer kept; returns the number of reports."""
    forgotten = 0
    for row in TENANTS_WITH_EXPIRED_REPORTS.rows(now=now):
        with tenant_tx(row["tenant_id"]):
            count, _models = Report.objects.filter(expires_at__lte=now).delete()
        forgotten += count
    return forgotten
