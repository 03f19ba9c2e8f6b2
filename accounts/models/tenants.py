"""The customer and the brands inside it."""

from django.db import models

from core.ids import new_uuid
from core.tenancy import TenantModel


class Tenant(models.Model):
    """Isolation and billing boundary."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    name = models.CharField(max_length=200)
    is_suspended = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Business(TenantModel):
    """A brand or client; owns connections, campaigns and policy. Its environment never changes."""

    name = models.CharField(max_length=200)
    environment = models.CharField(max_length=4)
    currency = models.CharField(max_length=3, default="USD")
    is_archived = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "businesses"
        indexes = [
            models.Index(fields=["tenant", "environment", "-created_at"], name="business_by_tenant")
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="business_environment"
            )
        ]

    def __str__(self) -> str:
        return self.name
