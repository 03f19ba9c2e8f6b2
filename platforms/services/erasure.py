"""What the room `platforms` forgets of a person."""

from core.registry import Person
from platforms.models import Connection


def erase_person(person: Person) -> int:
    """Drop the platform profile's name where it is the person's; the connection itself stays."""
    named = [
        row.pk
        for row in Connection.objects.only("external_user_name").iterator()
        if person.is_named_in(row.external_user_name)
    ]
    rows = Connection.objects.filter(pk__in=named)
    touched: int = rows.update(external_user_name="")
    return touched
