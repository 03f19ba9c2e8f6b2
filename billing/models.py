"""Plans are rows, not code."""

from django.db import models

from core.tenancy import TenantModel


class Plan(models.Model):
    """What a tenant may buy; ids 1 to 4 are public. A limit of None is unlimited."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    slug = models.CharField(max_length=20, unique=True)
    alias = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    price_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    requests_per_minute = models.PositiveIntegerField()
    requests_per_day = models.PositiveIntegerField()
    generations_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_campaigns = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Subscription(TenantModel):
    """A tenant's plan; no active row means Free."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12)  # active, past_due, cancelled
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="subscription_active_once",
                condition=models.Q(cancelled_at=None),
            )
        ]


class CheckoutLink(TenantModel):
    """A mailed checkout link: 24 hours, single use."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    token_digest = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
