"""OAuth: clients, codes and tokens, swapped in for the library's own tables.

Codes and tokens are stored as digests. Each points at the ApiKey that stands for what the person
allowed: revoking that row ends all of them at once, and a token family is that row.
"""

from typing import Any, override

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractRefreshToken,
)

from accounts.domain.redirects import is_registrable, is_same
from core.crypto import sha256_hex
from core.ids import new_uuid
from core.tenancy import TenantModel
from core.text import is_plain


class OAuthApplication(AbstractApplication):  # type: ignore[misc]  # the library is untyped
    """A client. An organisation's own one has an AppRegistration; a public one is known by the
    address of its metadata document, which is its client_id.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    user = None  # the library's owner; ours is the organisation
    removed_at = models.DateTimeField(null=True, blank=True)

    @property
    def is_public_document(self) -> bool:
        return bool(self.registration_source == self.RegistrationSource.CIMD)

    @override
    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exactly a registered address; the library would also take more query parameters."""
        return any(is_same(registered, uri) for registered in self.redirect_uris.split())

    @override
    def get_allowed_schemes(self) -> list[str]:
        return ["https", "http"]

    @override
    def is_usable(self, request: Any) -> bool:
        return self.removed_at is None

    @override
    def clean(self) -> None:
        super().clean()
        if not all(is_registrable(uri) for uri in self.redirect_uris.split()):
            raise ValidationError(
                {"redirect_uris": _("Use https addresses, or http on localhost, without #, @, *.")}
            )
        if self.authorization_grant_type != self.GRANT_AUTHORIZATION_CODE:
            raise ValidationError({"authorization_grant_type": _("Only codes are given.")})
        if not is_plain(self.name, lines=False):
            raise ValidationError({"name": _("Control and invisible characters are not allowed.")})


class AppRegistration(TenantModel):
    """That an organisation has registered a client of its own."""

    application = models.OneToOneField(
        OAuthApplication, on_delete=models.PROTECT, related_name="registration"
    )
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="app_registration_by_tenant")
        ]


class DigestField(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that is stored, and looked for, as its SHA-256."""

    @override
    def get_prep_value(self, value: Any) -> Any:
        return value if value is None else sha256_hex(str(value))


class _Allowed(models.Model):
    """Issued under what a person allowed."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="+")
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class OAuthGrant(_Allowed, AbstractGrant):  # type: ignore[misc]
    """An authorization code; kept for a day after its use, so that a second use is noticed."""

    code = DigestField(max_length=255, unique=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires"], name="oauth_grant_by_expiry")]


class OAuthAccessToken(_Allowed, AbstractAccessToken):  # type: ignore[misc]
    """An access token; one a key, the last issued."""

    id_token = None  # OpenID Connect is not offered

    class Meta:
        indexes = [models.Index(fields=["expires"], name="oauth_access_by_expiry")]


class OAuthRefreshToken(_Allowed, AbstractRefreshToken):  # type: ignore[misc]
    """A refresh token; spent ones stay for as long as the key could live, to notice reuse."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_checksum"], name="oauth_refresh_once")
        ]
        indexes = [models.Index(fields=["revoked"], name="oauth_refresh_by_end")]
