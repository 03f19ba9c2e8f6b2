"""What the room `analytics` forgets of a person."""

from django.db.models import Model

from analytics.models import Alert, AlertRule, Report
from core.registry import Person


def erase_person(person: Person) -> int:
    """Delete the reports the person asked for, which their mailed link opens, and rename alert
    rules whose name identifies them.
    """
    count: int = Report.objects.filter(user_id=person.user_id).delete()[0]
    return (
        count
        + _rename(AlertRule, "name", person=person)
        + _rename(Alert, "rule_name", person=person)
    )


def _rename(model: type[Model], field: str, *, person: Person) -> int:
    rows = model._default_manager
    named = [key for key, name in rows.values_list("pk", field) if person.is_named_in(name)]
    return rows.filter(pk__in=named).update(**{field: "Alert rule"})
