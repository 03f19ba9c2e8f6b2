"""What the room `campaigns` forgets of a person."""

from campaigns.models import PendingAction
from core.registry import Person


def erase_person(person: Person) -> int:
    """Drop the person's name from their proposals, and texts of others that name them."""
    touched: int = PendingAction.objects.filter(proposer_id=person.public_id).update(
        proposer_label=""
    )
    for row in PendingAction.objects.only("decision_comment", "rationale").iterator():
        if person.is_named_in([row.decision_comment, row.rationale]):
            PendingAction.objects.filter(pk=row.pk).update(decision_comment="", rationale="")
            touched += 1
    return touched
