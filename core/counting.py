"""Counts as a column of another statement."""

from django.db.models import IntegerField, Subquery


class CountRows(Subquery):
    """How many rows a subquery has; slice it, so that the count stays cheap."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0
