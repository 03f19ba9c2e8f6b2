"""Surface A: /auth and /account."""

from datetime import timedelta
from typing import Annotated, Any, Literal

import pydantic
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.adapter import environment_of
from accounts.api_base import actor_of, endpoint, page_limit, paginate, pagination, parse
from accounts.domain.scopes import SCOPE_WORDS
from accounts.models import Tenant, User
from accounts.presenters import business_json, key_json, session_json
from accounts.services import businesses, keys, limits, passwords, profile, registration, sessions
from accounts.services.registration import Origin, normalise_email, user_payload
from core.actors import Actor, Environment
from core.clock import now
from core.cursors import read_cursor
from core.errors import InvalidError
from core.ids import encode
from core.shapes import Words
from core.tenancy import tenant_tx
from core.text import is_plain


def _one_line(text: str) -> str:
    """Names stand in mails and in the inbox: nothing in them may pose as more text."""
    if not is_plain(text, lines=False):
        raise ValueError("control and invisible characters are not allowed")
    return text


Line = pydantic.AfterValidator(_one_line)
Name = Annotated[str, pydantic.Field(min_length=1, max_length=100), Line]
Secret = Annotated[str, pydantic.Field(min_length=1, max_length=256)]
Email = Annotated[
    str, pydantic.Field(min_length=3, max_length=254, json_schema_extra={"format": "email"})
]
DAY_S = 86_400


class Body(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)


class Registration(Body):
    email: Email
    password: Secret
    first_name: Name
    last_name: Name
    organization: Annotated[str, pydantic.Field(max_length=200), Line] = ""
    verification_method: Annotated[
        Literal["email", "phone"],
        Words({"email": "a code is mailed", "phone": "not offered; refused with the reason"}),
    ] = "email"
    phone: Annotated[str, pydantic.Field(max_length=40)] | None = None


class Verification(Body):
    email: Email | None = None
    code: Annotated[str, pydantic.Field(max_length=12)]


class Resend(Body):
    email: Email


class Login(Body):
    email: Email
    password: Secret
    otp: Annotated[str, pydantic.Field(max_length=12)] = ""


class ResetRequest(Body):
    email: Email


class ResetConfirmation(Body):
    token: Annotated[str, pydantic.Field(min_length=1, max_length=200)]
    password: Secret


class KeyBody(Body):
    name: Annotated[str, pydantic.Field(min_length=1, max_length=120), Line]
    scopes: Annotated[
        list[Annotated[str, Words(SCOPE_WORDS)]], pydantic.Field(min_length=1, max_length=40)
    ]
    business_id: Annotated[str, pydantic.Field(max_length=60)] = ""
    expires_in_days: Annotated[int, pydantic.Field(ge=1, le=3650)] | None = None


class Rotation(Body):
    grace_seconds: Annotated[int, pydantic.Field(ge=0, le=7 * DAY_S)] = DAY_S


class BusinessBody(Body):
    name: Annotated[str, pydantic.Field(min_length=1, max_length=200), Line]
    currency: Annotated[str, pydantic.Field(min_length=3, max_length=3)] = "USD"


class ProfileChange(Body):
    first_name: Name | None = None
    last_name: Name | None = None


def origin_of(request: Request) -> Origin:
    """Where a request comes from; a key's environment wins over the host's."""
    actor: object = request.user
    environment = actor.environment if isinstance(actor, Actor) else None
    return Origin(
        address=limits.client_address(request._request),
        request_id=getattr(request._request, "request_id", ""),
        environment=str(environment or environment_of(request._request)),
    )


def _with_secret(data: dict[str, Any], *, status: int) -> Response:
    return Response(data, status=status, headers={"Cache-Control": "no-store"})


@endpoint("POST", scope="public")
def register(request: Request) -> Response:
    body = parse(Registration, request)
    if body.verification_method == "phone":
        raise InvalidError(
            _("Verification by phone is not offered; a code is mailed instead."),
            field="verification_method",
            code="verification_method_unsupported",
            hint=_('Send "verification_method": "email" or leave it out.'),
        )
    new = registration.NewPerson(
        email=body.email,
        password=body.password,
        first_name=body.first_name,
        last_name=body.last_name,
        organisation=body.organization,
    )
    made = registration.register(new, origin=origin_of(request), now=now())
    message = _("Account created. A 6-digit code has been mailed; verify with it.")
    answer = {"user": user_payload(made.user), "api_key": made.token, "message": message}
    return _with_secret(answer, status=201)


@endpoint("POST", scope="public")
def verify(request: Request) -> Response:
    body = parse(Verification, request)
    row: Any = request.auth
    if body.email is None and row is None:
        raise InvalidError(_("Send email, or the account's key."), field="email")
    email = row["email"] if body.email is None else body.email.strip().lower()
    user = registration.verify(email, body.code.strip(), origin=origin_of(request), now=now())
    return Response({"message": _("Account verified."), "user": user_payload(user)})


@endpoint("POST", scope="public")
def resend(request: Request) -> Response:
    body = parse(Resend, request)
    registration.request_code(normalise_email(body.email), origin=origin_of(request), now=now())
    message = _("If this address waits for verification, a new code is on its way.")
    return Response({"message": message})


@endpoint("POST", scope="public")
def login(request: Request) -> Response:
    body = parse(Login, request)
    made = registration.log_in(
        body.email.strip().lower(),
        body.password,
        otp=body.otp,
        origin=origin_of(request),
        now=now(),
    )
    answer = {
        "user": user_payload(made.user),
        "api_key": made.token,
        "scopes": made.key.scopes,
        "expires_at": key_json(made.key, now=now())["expires_at"],
    }
    return _with_secret(answer, status=200)


@endpoint("POST", scope="public")
def request_password_reset(request: Request) -> Response:
    body = parse(ResetRequest, request)
    email = normalise_email(body.email)
    passwords.request_reset(email, origin=origin_of(request), now=now())
    message = _("If this address has an account, a mail with the next step is on its way.")
    return Response({"message": message})


@endpoint("POST", scope="public")
def confirm_password_reset(request: Request) -> Response:
    body = parse(ResetConfirmation, request)
    passwords.confirm_reset(body.token, body.password, origin=origin_of(request), now=now())
    return Response({"message": _("The new password holds. Log in with it; other log-ins ended.")})


@endpoint("GET", scope="account:read")
def list_sessions(request: Request) -> Response:
    actor, limit = actor_of(request), page_limit(request)
    cursor = request.query_params.get("cursor", "")
    after = read_cursor(cursor) if cursor else None
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_sessions(actor, now=now())
    behind = [one for one in rows if after is None or (one.created_at, one.id) < after]
    shown = behind[:limit]
    last = (shown[-1].created_at, shown[-1].id) if len(behind) > limit else None
    data = [session_json(one) for one in shown]
    return Response({"data": data, "pagination": pagination(last, len(rows))})


@endpoint("DELETE", scope="account:write", quota_exempt=True)
def end_session(request: Request, session_id: str) -> Response:
    sessions.end_session(actor_of(request), session_id, now=now())
    return Response(status=204)


@endpoint("DELETE", scope="account:write", quota_exempt=True)
def end_other_sessions(request: Request) -> Response:
    return Response({"ended": sessions.end_other_sessions(actor_of(request), now=now())})


@endpoint("POST", scope="any", unverified_ok=True, idempotent=True)
def create_key(request: Request) -> Response:
    body = parse(KeyBody, request)
    life = timedelta(days=body.expires_in_days) if body.expires_in_days else None
    new = keys.NewKey(name=body.name, scopes=body.scopes, business_id=body.business_id, life=life)
    key, token = keys.mint_key(actor_of(request), new, now=now())
    return _with_secret({**key_json(key, now=now()), "api_key": token}, status=201)


@endpoint("GET", scope="any", unverified_ok=True)
def list_keys(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_keys(actor))
    data = [key_json(row, now=now()) for row in rows]
    return Response({"data": data, "pagination": pagination})


@endpoint("GET", scope="any", unverified_ok=True)
def key_detail(request: Request, key_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(key_json(queries.get_key(actor, key_id), now=now()))


@endpoint("DELETE", scope="any", unverified_ok=True, quota_exempt=True)
def revoke_key(request: Request, key_id: str) -> Response:
    keys.revoke_key(actor_of(request), key_id, now=now())
    return Response(status=204)


@endpoint("POST", scope="any", unverified_ok=True, idempotent=True)
def rotate_key(request: Request, key_id: str) -> Response:
    grace = timedelta(seconds=parse(Rotation, request).grace_seconds)
    key, token = keys.rotate_key(actor_of(request), key_id, grace=grace, now=now())
    answer = {**key_json(key, now=now()), "api_key": token, "replaces": key_id}
    return _with_secret(answer, status=201)


@endpoint("POST", scope="account:write", idempotent=True)
def create_business(request: Request) -> Response:
    actor, body = actor_of(request), parse(BusinessBody, request)
    business = businesses.create_business(
        actor,
        name=body.name,
        currency=body.currency,
        environment=str(actor.environment or Environment.LIVE),
        now=now(),
    )
    message = _("Business created. Connect an ad account next.")
    return Response({**business_json(business), "message": message}, status=201)


@endpoint("GET", scope="account:read")
def list_businesses(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        found = queries.list_businesses(actor).order_by("-created_at", "-id")
        rows, pagination = paginate(request, found)
    return Response({"data": [business_json(row) for row in rows], "pagination": pagination})


@endpoint("GET", scope="account:read")
def business_detail(request: Request, business_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(business_json(queries.get_business(actor, business_id)))


@endpoint("GET", scope="any", unverified_ok=True)
def show_profile(request: Request) -> Response:
    return Response(_profile(request))


@endpoint("PATCH", scope="account:write", unverified_ok=True)
def change_profile(request: Request) -> Response:
    body = parse(ProfileChange, request)
    changes = body.model_dump(exclude_none=True)
    profile.change_names(actor_of(request), changes, now=now())
    return Response(_profile(request))


def _profile(request: Request) -> dict[str, Any]:
    actor = actor_of(request)
    row: Any = request.auth
    user = User.objects.get(pk=row["user_id"])
    tenant = Tenant.objects.get(pk=actor.tenant_id)
    return {
        "user": user_payload(user),
        "organization": {"id": encode("ten", tenant.pk), "name": tenant.name},
        "environment": actor.environment,
        "plan": row["plan_slug"],
        "key": {
            "id": actor.id,
            "name": actor.label,
            "scopes": sorted(row["scopes"]),
            "business_id": encode("biz", actor.business_id) if actor.business_id else None,
        },
    }
