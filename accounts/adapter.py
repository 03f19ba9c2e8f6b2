"""allauth's hooks: who may sign in with a password, how mail leaves, how secrets rest."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import MEMBERSHIPS_OF_USER
from accounts.services import limits, registration
from accounts.services.evidence import record_audit
from accounts.services.mail import queue_mail
from core.actors import Channel, Role
from core.clock import now
from core.errors import ForbiddenError, RateLimitedError
from core.ids import encode
from core.tenancy import tenant_tx

PENDING_EMAIL = "pending_email"
TOTP_CONTEXT = "mfa"


def browser_origin(request: HttpRequest) -> registration.Origin:
    """Where a page request comes from; what it creates belongs to the host's environment."""
    return registration.Origin(
        address=limits.client_address(request),
        request_id=getattr(request, "request_id", ""),
        environment=environment_of(request),
        channel=Channel.DASHBOARD,
    )


def environment_of(request: HttpRequest) -> str:
    """The environment that credentials made by this request get: test in the demo and on
    SANDBOX_HOST, else live.
    """
    host = request.get_host().partition(":")[0]
    return "test" if settings.DEMO or (host and host == settings.SANDBOX_HOST) else "live"


def _mail(template: str, email: str, request: HttpRequest) -> None:
    registration.mail_within_limits(template, email, origin=browser_origin(request), now=now())


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """People sign in by e-mail. A password that only a REST registration vouches for opens no
    session.
    """

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt in the windows shared with POST /auth/login."""
        moment = now()
        counted = [
            (limits.LOGIN_PER_ADDRESS, limits.client_address(request)),
            (limits.LOGIN_PER_USER, str(credentials.get("email", "")).strip().lower()),
            (limits.LOGIN_GLOBAL, ""),
        ]
        try:
            limits.require(counted, now=moment)
        except RateLimitedError as error:
            raise self.validation_error("too_many_login_attempts") from error
        self._counted = counted, moment

    def _rollback_login_failed_rl_usage(self) -> None:
        counted, moment = self._counted
        limits.give_back(counted, now=moment)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """None for an unclaimed account too; its mailbox gets a claim link instead."""
        user = super().authenticate(request, **credentials)
        if user is not None and not user.is_claimed:
            _mail("claim", user.email, request)
            return None
        return user  # type: ignore[no-any-return]

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Whether this is the signed-in person's password."""
        found = self.authenticate(self.request, email=user.email, password=password)  # type: ignore[attr-defined]
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever has a second factor adds and removes factors with it: a password alone would turn
        into a factor of one's own, and that into approvals.

        Raises ForbiddenError, whose page leads to the factor.
        """
        if app == "allauth.mfa" and _lacks_factor(self.request):
            raise ForbiddenError(
                _("Confirm with your passkey or authenticator app first."),
                code="reauthentication_required",
                hint=_("A recovery code does as well."),
            )
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse | None:
        """Send a person whose mailbox is not proven to the code page first."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is None and user.email_verified_at is None:  # type: ignore[attr-defined]
            request.session[PENDING_EMAIL] = user.email  # type: ignore[attr-defined]
            _mail("verify_code", user.email, request)  # type: ignore[attr-defined]
            response = HttpResponseRedirect(reverse("verify"))
        return response

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse:
        """Leave an audit row in the person's first organisation."""
        assert isinstance(user, User)  # noqa: S101 - AUTH_USER_MODEL
        rows = MEMBERSHIPS_OF_USER.rows(user_id=user.pk)
        for row in rows[:1]:
            with tenant_tx(row["tenant_id"]):
                record_audit(
                    registration.person(
                        user, row["tenant_id"], browser_origin(request), role=Role(row["role"])
                    ),
                    "auth.signed_in",
                    now=now(),
                    target_type="user",
                    target_id=encode("user", user.pk),
                )
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Allauth's own mails leave through our queue, sealed until then."""
        values = {"request": self.request, "email": email, **context}
        values["current_site"] = {"name": "Ads Agents", "domain": self.request.get_host()}
        message = self.render_mail(template_prefix, email, values)
        queue_mail(
            "plain", email, {"subject": message.subject, "text": str(message.body)}, now=now()
        )

    def send_notification_mail(  # noqa: PLR0917 - allauth's signature
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Security notices go to the account's one address."""
        super().send_notification_mail(
            template_prefix,
            user,
            context,
            email or user.email,  # type: ignore[attr-defined]
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address that the limits count."""
        return limits.client_address(request)


def _lacks_factor(request: HttpRequest) -> bool:
    """Whether the person set a second factor up some time ago and this session gave none lately."""
    since = now().timestamp() - settings.STRONG_AUTH_MAX_AGE_S
    factors = Authenticator.objects.filter(user_id=request.user.pk).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    first = factors.aggregate(first=Min("created_at"))["first"]
    if first is None or first.timestamp() > since:
        return False
    return not any(
        record.get("method") == "mfa" and float(record["at"]) > since
        for record in get_authentication_records(request, request.user)
    )


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """TOTP secrets and recovery seeds are sealed at rest."""

    def encrypt(self, text: str) -> str:
        """Ciphertext under the key ring."""
        return settings.KEY_RING.encrypt(text, context=TOTP_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        """Counterpart of `encrypt`."""
        return settings.KEY_RING.decrypt(encrypted_text, context=TOTP_CONTEXT)
