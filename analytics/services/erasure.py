"""What the room `analytics` forgets of a person."""

from analytics.models import Report
from core.registry import Person


def erase_person(person: Person) -> int:
    """Delete the reports the person asked for, which their mailed link opens."""
    count: int = Report.objects.filter(user_id=person.user_id).delete()[0]
    return count
