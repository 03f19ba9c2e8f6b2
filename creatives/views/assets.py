"""The address that commands and people name an image by."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from accounts.web import PersonRequest, signed_in
from core.tenancy import tenant_tx
from creatives import queries
from creatives.serving import image_response


@require_GET
@signed_in()
def asset(request: PersonRequest, asset_id: str) -> HttpResponse:
    """An image of a business that the person may see."""
    with tenant_tx(request.actor.tenant_id, readonly=True):
        found = queries.get_asset(request.actor, asset_id)
    return image_response(found)
