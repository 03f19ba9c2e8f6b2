from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_reset

        from accounts.rls import after_migrate

        post_migrate.connect(after_migrate, sender=self, dispatch_uid="accounts.rls")
        password_reset.connect(after_password_reset, dispatch_uid="accounts.password_reset")
        password_changed.connect(after_password_change, dispatch_uid="accounts.password_changed")
        register_secrets()


def register_secrets() -> None:
    """What a key rotation has to renew: mails on their way out, second factors."""
    from allauth.mfa.models import Authenticator

    from accounts.adapter import TOTP_CONTEXT
    from accounts.models import OutgoingMail
    from accounts.services.mail import mail_context
    from core.sealed import SealedColumn, register_sealed

    register_sealed(SealedColumn(OutgoingMail, "context", mail_context), per_tenant=False)
    for key in ("secret", "seed"):
        factor = SealedColumn(Authenticator, "data", lambda _row: TOTP_CONTEXT, key)
        register_sealed(factor, per_tenant=False)


def after_password_reset(*, request: Any, user: Any, **_kwargs: Any) -> None:
    """Receiver of allauth's signal: the link in the mail has proven the mailbox."""
    from accounts.adapter import browser_origin
    from accounts.services.passwords import end_log_ins
    from accounts.services.registration import confirm_address
    from core.clock import now

    moment, origin = now(), browser_origin(request)
    end_log_ins(user, "account.password_reset", origin=origin, now=moment)
    confirm_address(user, origin=origin, now=moment)


def after_password_change(*, request: Any, user: Any, **_kwargs: Any) -> None:
    """Receiver of allauth's signal: log-ins with the old password end, over REST too."""
    from accounts.adapter import browser_origin
    from accounts.services.passwords import end_log_ins
    from core.clock import now

    end_log_ins(user, "account.password_changed", origin=browser_origin(request), now=now())
