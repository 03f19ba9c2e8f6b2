"""What rules forget of a person."""

from analytics.optimizer.models import Rule
from core.registry import Person


def erase_person(person: Person) -> int:
    """Rename rules whose name identifies the person."""
    named = [row.pk for row in Rule.objects.only("name") if person.is_named_in(row.name)]
    touched: int = Rule.objects.filter(pk__in=named).update(name="Rule")
    return touched
