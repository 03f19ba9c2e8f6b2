"""The page behind a report's link."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from analytics.services.report_files import FORMATS
from analytics.services.report_links import open_link
from core.clock import now


@require_safe
def report_file(request: HttpRequest, report_id: str) -> HttpResponse:
    """The file, for whoever has the link: its token is the credential."""
    found = open_link(report_id, request.GET.get("token", ""), now=now())
    name = f"report-{found.params['date_from']}-{found.params['date_to']}.{found.format}"
    return HttpResponse(
        bytes(found.content),
        content_type=FORMATS[found.format].media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
