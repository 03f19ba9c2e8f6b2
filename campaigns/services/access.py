"""Who may change what governs a business."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.domain.roles import MANAGERS
from accounts.models import Business
from accounts.queries import get_business
from core.actors import Actor
from core.errors import ForbiddenError
from core.ids import encode


def business_of(actor: Actor, business_id: UUID | str) -> Business:
    """The business as the actor may see it; raises NotFoundError."""
    public = business_id if isinstance(business_id, str) else encode("biz", business_id)
    return get_business(actor, public)


def require_governor(actor: Actor) -> None:
    """Only an owner or admin in a browser session; raises ForbiddenError."""
    if not actor.is_person or actor.role not in MANAGERS:
        raise ForbiddenError(
            _("Only an owner or admin may change this, in the dashboard."), code="role_required"
        )
