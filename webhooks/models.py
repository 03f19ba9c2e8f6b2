"""Where events go and what became of each delivery."""

from django.db import models

from core.ids import new_uuid
from core.tenancy import TenantModel
from webhooks.domain.states import SLACK, WEBHOOK


class Endpoint(TenantModel):
    """A tenant's receiver. The secret is sealed; its plain form is shown once. After a rotation the
    old one signs too, until `old_secret_until`. Slack's address is a secret itself: it is what is
    sealed, and `url` shows it without its last part.

    `business_id` limits it to one business's events, as the key that made it was.
    """

    business_id = models.UUIDField(null=True, blank=True)
    environment = models.CharField(max_length=4)
    kind = models.CharField(max_length=10, default=WEBHOOK)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)
    sealed_secret = models.TextField()
    sealed_old_secret = models.TextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=40, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="endpoint_by_tenant")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="endpoint_environment"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[WEBHOOK, SLACK]), name="endpoint_kind"
            ),
        ]


class Delivery(TenantModel):
    """One event for one endpoint: body stored once, every attempt counted. A replay is a row of its
    own with the same event and the same bytes.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=60)
    body = models.BinaryField()
    is_replay = models.BooleanField(default=False)
    state = models.CharField(max_length=10)  # ready, sent, delivered, failed, missed
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_excerpt = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "endpoint", "event_id"],
                name="delivery_once",
                condition=models.Q(is_replay=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "endpoint", "-created_at", "-id"], name="delivery_by_endpoint"
            ),
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=models.Q(state__in=["ready", "sent"]),
            ),
        ]


class InboundEvent(models.Model):
    """An event that a provider sent us, once: ids alone, its content is fetched when it is
    processed. `subject` holds the ids it speaks of.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=255)
    event_type = models.CharField(max_length=80)
    subject = models.JSONField(default=dict)
    state = models.CharField(max_length=8, default="ready")  # ready, done, ignored, failed
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    error = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="inbound_event_once")
        ]
        indexes = [
            models.Index(
                fields=["provider", "next_attempt_at"],
                name="inbound_event_due",
                condition=models.Q(state="ready"),
            )
        ]
