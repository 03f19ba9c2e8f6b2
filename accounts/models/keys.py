"""API keys: what agents authenticate with."""

from datetime import datetime

from django.db import models

from core.tenancy import TenantModel


class ApiKey(TenantModel):
    """A hashed, scoped credential of one environment, optionally bound to one business.

    `root` is the public id of whoever stands at the start of the chain that minted it (a person
    or a first key);
    `granted_by_person` is True where a person gave it in the dashboard, which alone may carry
    `ads:write:pending`. With an `application` the row is what a person allowed an OAuth app: its
    own digest opens nothing, the app's tokens point at it.
    """

    name = models.CharField(max_length=120)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    business = models.ForeignKey(
        "accounts.Business", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    application = models.ForeignKey(
        "accounts.OAuthApplication",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    environment = models.CharField(max_length=4)
    purpose = models.CharField(max_length=12, default="minted")  # registration, login, minted, app
    prefix = models.CharField(max_length=16)
    last4 = models.CharField(max_length=4)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    parent = models.CharField(max_length=64, blank=True)
    root = models.CharField(max_length=64)
    granted_by_person = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="api_key_by_tenant"),
            models.Index(
                fields=["tenant", "user", "purpose", "created_at"], name="api_key_by_user"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="api_key_environment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last4}"

    def is_alive(self, now: datetime) -> bool:
        """Neither revoked nor expired at `now`."""
        return (self.revoked_at is None or self.revoked_at > now) and (
            self.expires_at is None or self.expires_at > now
        )
