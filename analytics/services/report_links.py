"""The link to a report's file: signed, so that nobody can guess one, and of no use after the
report expired.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from analytics.models import Report
from core.errors import AppError, NotFoundError
from core.ids import decode, encode
from core.tenancy import tenant_tx

_SIGNER = signing.Signer(salt="analytics.report")


class ExpiredReportError(AppError):
    code = "report_expired"
    status = 410
    message = "This report is no longer kept."
    hint = "Reports are kept for 24 hours; ask for a new one: POST /v1/analytics/reports."


def download_url(report: Report) -> str:
    """The file's address; whoever has it can read the file."""
    public = encode("rpt", report.pk)
    token = _SIGNER.sign_object([report.tenant_id.hex, report.pk.hex])
    path = reverse("analytics-report-file", args=[public])
    return f"{settings.PUBLIC_URL}{path}?token={token}"


def open_link(public_id: str, token: str, *, now: datetime) -> Report:
    """The report of a link with its file; NotFoundError for a link that we did not sign."""
    key = decode("rpt", public_id)
    try:
        tenant, signed = _SIGNER.unsign_object(token)
        tenant_id, report_id = UUID(tenant), UUID(signed)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFoundError from error
    if report_id != key:
        raise NotFoundError
    with tenant_tx(tenant_id, readonly=True):
        found = Report.objects.filter(pk=key, state="ready", expires_at__gt=now).first()
    if found is None:
        raise ExpiredReportError
    report: Report = found
    return report
