"""Reads of the desk: changes whose outcome a person must see or settle."""

from django.db.models import QuerySet

from campaigns.models import Dispatch
from campaigns.queries.tree import visible
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode


def list_desk(actor: Actor) -> QuerySet[Dispatch]:
    """What waits for a person's eyes, newest first."""
    rows = visible(Dispatch.objects.filter(needs_person=True), actor)
    return rows.select_related("business").order_by("-created_at", "-id")


def get_desk_entry(actor: Actor, job_id: str) -> Dispatch:
    """One change by `job_…`, at the desk or not; NotFoundError for missing and invisible ones."""
    rows = visible(Dispatch.objects.select_related("business"), actor)
    row: Dispatch | None = rows.filter(pk=decode("job", job_id)).first()
    if row is None:
        raise NotFoundError
    return row
