"""Tables of the room `accounts`."""

from accounts.models.evidence import (
    AuditDetail,
    AuditEvent,
    AuditHead,
    IdempotencyRecord,
    OutboxEvent,
    SystemAuditEvent,
    Verdict,
)
from accounts.models.keys import ApiKey
from accounts.models.loops import LoopTurn
from accounts.models.mail import OutgoingMail
from accounts.models.oauth import (
    AppRegistration,
    OAuthAccessToken,
    OAuthApplication,
    OAuthGrant,
    OAuthRefreshToken,
)
from accounts.models.people import EmailCode, Invitation, Membership, User
from accounts.models.tenants import Business, Tenant

__all__ = [
    "ApiKey",
    "AppRegistration",
    "AuditDetail",
    "AuditEvent",
    "AuditHead",
    "Business",
    "EmailCode",
    "IdempotencyRecord",
    "Invitation",
    "LoopTurn",
    "Membership",
    "OAuthAccessToken",
    "OAuthApplication",
    "OAuthGrant",
    "OAuthRefreshToken",
    "OutboxEvent",
    "OutgoingMail",
    "SystemAuditEvent",
    "Tenant",
    "User",
    "Verdict",
]
