"""Where events go and what became of each delivery."""

from django.db import models

from core.tenancy import TenantModel


class Endpoint(TenantModel):
    """A tenant's receiver. The secret is sealed; its plain form is shown once. After a rotation the
    old one signs too, until `old_secret_until`.

    `business_id` limits it to one business's events, as the key that made it was.
    """

    business_id = models.UUIDField(null=True, blank=True)
    environment = models.CharField(max_length=4)
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
            )
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
    state = models.CharField(max_length=10)  # ready, sent, delivered, failed
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
