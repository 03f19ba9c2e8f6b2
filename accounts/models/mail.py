"""Mails on their way out: rows are the truth, the loop `accounts.services.mail` sends and deletes
them.
"""

from django.db import models

from core.ids import new_uuid


class OutgoingMail(models.Model):
    """One mail to send. `context` is sealed: it may hold a link that works like a password."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    template = models.CharField(max_length=60)
    recipient = models.EmailField()
    context = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["next_attempt_at"], name="outgoing_mail_due")]
