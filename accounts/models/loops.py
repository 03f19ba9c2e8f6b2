"""When each background loop last did its round, for readiness; not part of any tenant."""

from django.db import models


class LoopTurn(models.Model):
    """The last turn of a loop, whichever process ran it, that ended without an error."""

    name = models.CharField(primary_key=True, max_length=40)
    turned_at = models.DateTimeField()
