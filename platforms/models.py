"""OAuth grants at platforms and the ad accounts, pages and pixels under them."""

from django.db import models

from core.ids import encode
from core.tenancy import TenantModel


class Connection(TenantModel):
    """A grant at a platform, for one business. The token is sealed to tenant and row."""

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=12)
    environment = models.CharField(max_length=4)
    status = models.CharField(max_length=12)  # connected, expired, revoked, disconnected, error
    external_user_id = models.CharField(max_length=64, blank=True)
    external_user_name = models.CharField(max_length=200, blank=True)
    sealed_token = models.TextField(blank=True)
    scopes = models.JSONField(default=list)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="connection_by_tenant")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "business", "platform"],
                name="connection_alive_once",
                condition=models.Q(disconnected_at=None),
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="connection_environment"
            ),
        ]

    @property
    def public_id(self) -> str:
        return encode("conn", self.pk)


class ConnectLink(TenantModel):
    """A mailed or clicked invitation to connect: one hour, single use; also carries the OAuth
    state.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=12)
    environment = models.CharField(max_length=4)
    token_digest = models.CharField(max_length=64, unique=True)
    state_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    failed_reason = models.CharField(max_length=300, blank=True)
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["tenant", "-created_at"], name="connect_link_by_tenant")]


class AdAccount(TenantModel):
    """An ad account under a connection. `external_id` is the platform's (`act_…` at Meta)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=12)
    environment = models.CharField(max_length=4)
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    status = models.CharField(max_length=20)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    synced_at = models.DateTimeField(null=True, blank=True)
    clock_offset_s = models.BigIntegerField(default=0)  # platform's time minus ours, test only

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "business", "-created_at"], name="ad_account_by_business"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "external_id"], name="ad_account_once"
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="ad_account_environment"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return encode("acct", self.pk)


class PlatformAsset(TenantModel):
    """A page or pixel that a connection may use."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6)  # page, pixel
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    ad_account_external_id = models.CharField(max_length=64, blank=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "kind", "external_id", "ad_account_external_id"],
                name="platform_asset_once",
            )
        ]
