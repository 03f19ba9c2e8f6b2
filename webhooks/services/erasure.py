"""What the room `webhooks` forgets of a person."""

import orjson

from core.registry import Person
from webhooks.domain.states import ERASED
from webhooks.models import Delivery


def erase_person(person: Person) -> int:
    """Empty the bodies that name the person; a delivery that still waited is ended."""
    named = [
        row.pk
        for row in Delivery.objects.only("body").iterator()
        if person.is_named_in(orjson.loads(bytes(row.body)))
    ]
    rows = Delivery.objects.filter(pk__in=named)
    rows.filter(state__in=["ready", "sent"]).update(state="failed")
    touched: int = rows.update(body=ERASED, response_excerpt="")
    return touched
