"""Apps of others at work for a member: registering one's own, allowing one, taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_secret

from accounts.domain.roles import MANAGERS
from accounts.domain.scopes import APP_SCOPES, app_limits, within
from accounts.models import ApiKey, AppRegistration, OAuthApplication
from accounts.queries import get_app, get_app_access, get_business
from accounts.services.app_tokens import end_access
from accounts.services.evidence import record_audit
from accounts.services.factors import require_fresh_factor
from accounts.services.keys import create_key
from core.actors import Actor, Environment
from core.errors import ForbiddenError, InvalidError
from core.ids import encode
from core.tenancy import tenant_tx

UNUSED_LIFE = timedelta(minutes=10)  # until the app has fetched its first token


@dataclass(frozen=True, kw_only=True)
class NewApp:
    """An app to register; one with a secret runs on a server that can keep it."""

    name: str
    redirect_uris: Sequence[str]
    has_secret: bool


def _require_manager(actor: Actor) -> None:
    if not actor.is_person or actor.role not in MANAGERS:
        raise ForbiddenError(_("Only owners and admins manage apps."), code="role_required")


def register_app(actor: Actor, new: NewApp, *, now: datetime) -> tuple[AppRegistration, str]:
    """A client of the actor's organisation and its secret, which exists here only (empty where it
    has none). Raises ForbiddenError, InvalidError naming `name` or `redirect_uris`.
    """
    _require_manager(actor)
    secret = generate_client_secret() if new.has_secret else ""
    app = OAuthApplication(
        name=new.name.strip(),
        redirect_uris=" ".join(new.redirect_uris),
        client_type="confidential" if new.has_secret else "public",
        authorization_grant_type=OAuthApplication.GRANT_AUTHORIZATION_CODE,
        client_secret=secret,
        hash_client_secret=new.has_secret,
    )
    _check(app)
    with tenant_tx(actor.tenant_id):
        app.save()
        made = AppRegistration.objects.create(
            tenant_id=actor.tenant_id, application=app, created_by=actor.id, created_at=now
        )
        _audit(actor, "app.registered", made, now=now)
    return made, secret


def _check(app: OAuthApplication) -> None:
    try:
        app.full_clean(exclude=["client_secret"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidError(" ".join(messages), field=field) from error


def remove_app(actor: Actor, public_id: str, *, now: datetime) -> None:
    """End the app and everything people allowed it; it cannot come back."""
    _require_manager(actor)
    with tenant_tx(actor.tenant_id):
        found = get_app(public_id)
        OAuthApplication.objects.filter(pk=found.application_id).update(removed_at=now)
        for key_id in ApiKey.objects.filter(application_id=found.application_id).values_list(
            "pk", flat=True
        ):
            end_access(actor.tenant_id, key_id, "app.revoked", now=now, actor=actor)
        _audit(actor, "app.removed", found, now=now)


def grantable(actor: Actor, asked: Sequence[str]) -> list[str]:
    """What of the asked scopes this person can hand to an app: never more than their role may, and
    never an approval.
    """
    if actor.role is None:
        return []
    return within([one for one in asked if one in APP_SCOPES], app_limits(actor.role))


def allow(
    actor: Actor, app: OAuthApplication, *, asked: Sequence[str], where: str, now: datetime
) -> ApiKey:
    """What a person allows an app: `where` is `live`, `test` or one business's public id.

    Live needs a fresh second factor. Raises ForbiddenError, NotFoundError, InvalidError.
    """
    scopes = grantable(actor, asked)
    if not actor.is_person or actor.user_id is None or not scopes:
        raise ForbiddenError(_("Your role allows nothing of this."), code="role_required")
    with tenant_tx(actor.tenant_id):
        is_everywhere = where in set(Environment)
        business = None if is_everywhere else get_business(actor, where)
        environment = where if business is None else business.environment
        require_fresh_factor(actor, environment, now=now)
        key, _token = create_key(  # the token is dropped: only the app's own tokens open anything
            tenant_id=actor.tenant_id,
            user_id=actor.user_id,
            name=(app.name or app.client_id)[:120],
            environment=environment,
            scopes=scopes,
            root=actor.roots[-1],
            purpose="app",
            business_id=business.pk if business else None,
            expires_at=now + UNUSED_LIFE,
            application_id=app.pk,
            now=now,
        )
        record_audit(
            actor,
            "app.authorised",
            now=now,
            target_type="key",
            target_id=encode("key", key.pk),
            business_id=key.business_id,
            facts={"environment": environment, "scopes": scopes},
            detail={"name": key.name, "client_id": app.client_id},
        )
    return key


def revoke_access(actor: Actor, public_id: str, *, now: datetime) -> None:
    """Take back what somebody allowed an app: managers anyone's, others their own."""
    with tenant_tx(actor.tenant_id):
        key = get_app_access(actor, public_id, now=now)
        end_access(actor.tenant_id, key.pk, "app.revoked", now=now, actor=actor)


def _audit(actor: Actor, event: str, made: AppRegistration, *, now: datetime) -> None:
    record_audit(
        actor,
        event,
        now=now,
        target_type="app",
        target_id=encode("app", made.pk),
        detail={"name": made.application.name, "client_id": made.application.client_id},
    )
