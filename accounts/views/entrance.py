"""Pages before and around a session: sign-up, code, claim, organisations."""

from typing import cast

from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.adapter import PENDING_EMAIL, browser_origin
from accounts.forms import ClaimForm, CodeForm, SignUpForm
from accounts.models import User
from accounts.services import codes, registration
from accounts.web import TENANT_SESSION_KEY, PersonRequest, attach_person, signed_in
from core.clock import now
from core.errors import InvalidError, NotFoundError
from core.ids import decode, encode
from core.pages import render_page

PENDING_ORGANISATION = "pending_organisation"
PENDING_PASSWORD = "pending_password"  # noqa: S105 - a session key: [address, hash]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("/")
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        new = registration.NewPerson(**form.cleaned_data)
        try:
            hashed = registration.sign_up(new, origin=browser_origin(request), now=now())
        except InvalidError as error:
            form.add_error(str(error.details.get("field")), error.message)
        else:
            email = registration.normalise_email(new.email)
            request.session[PENDING_EMAIL] = email
            request.session[PENDING_PASSWORD] = [email, hashed]
            request.session[PENDING_ORGANISATION] = new.organisation
            return redirect("verify")
    status = 422 if form.errors else 200
    return render_page(request, "accounts/sign_up.html", {"form": form}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponseBase:
    email = request.session.get(PENDING_EMAIL)
    if not email:
        return redirect("account_login")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = registration.verify(
                email,
                form.cleaned_data["code"],
                origin=browser_origin(request),
                now=now(),
                organisation=request.session.get(PENDING_ORGANISATION, ""),
                password=_own_password(request, email),
            )
        except registration.InvalidCodeError:
            form.add_error("code", _("The code is wrong or no longer valid."))
        else:
            return _sign_in_verified(request, user)
    status = 422 if form.errors else 200
    context = {"form": form, "email": email}
    return render_page(request, "accounts/verify.html", context, status=status)


def _own_password(request: HttpRequest, email: str) -> str:
    """The hash of what this session signed up with, if it was for this address."""
    address, hashed = request.session.get(PENDING_PASSWORD, ["", ""])
    return str(hashed) if address == email else ""


def _sign_in_verified(request: HttpRequest, user: User) -> HttpResponseBase:
    for key in (PENDING_EMAIL, PENDING_ORGANISATION, PENDING_PASSWORD):
        request.session.pop(key, None)
    if not user.is_claimed:
        messages.success(request, _("Verified. Open the link we mailed you to set a password."))
        return redirect("account_login")
    messages.success(request, _("Your address is verified."))
    return sign_in(request, user)


def sign_in(request: HttpRequest, user: User) -> HttpResponseBase:
    """Open a session through allauth, second factor included."""
    try:
        return cast(HttpResponse, perform_login(request, user))
    except ImmediateHttpResponse as answer:
        return cast(HttpResponse, answer.response)


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    email = request.session.get(PENDING_EMAIL)
    if email:
        registration.request_code(email, origin=browser_origin(request), now=now())
        messages.info(request, _("A new code is on its way; the old one no longer works."))
    return redirect("verify")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest) -> HttpResponseBase:
    token = request.POST.get("token") or request.GET.get("token", "")
    owner = codes.claim_owner(token, now=now())
    keys = registration.keys_before_claim(owner, now=now()) if owner else []
    form = ClaimForm(request.POST or None, initial={"token": token}, keys=keys)
    if request.method == "POST" and owner and form.is_valid():
        try:
            user = registration.claim(
                token,
                form.cleaned_data["password"],
                keep_keys=frozenset(form.cleaned_data.get("keep_keys", ())),
                origin=browser_origin(request),
                now=now(),
            )
        except InvalidError as error:
            form.add_error("password", error.message)
        else:
            messages.success(request, _("The account is yours. Now add a passkey or an app."))
            return sign_in(request, user)
    status = 410 if owner is None else 422 if form.errors else 200
    context = {"form": form, "owner": owner}
    return render_page(request, "accounts/claim.html", context, status=status)


@require_GET
def no_membership(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("account_login")
    return render_page(request, "accounts/no_membership.html", status=403)


@require_POST
@signed_in()
def switch_tenant(request: PersonRequest) -> HttpResponse:
    wanted = decode("ten", request.POST.get("tenant", ""))
    if wanted not in {row["tenant_id"] for row in request.memberships}:
        raise NotFoundError
    request.session[TENANT_SESSION_KEY] = str(wanted)
    return HttpResponseRedirect(safe_next(request))


def safe_next(request: HttpRequest) -> str:
    """`next` of a form where it stays on this host, else the front page."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
    return url if safe else "/"


@never_cache
@require_GET
@signed_in()
def account(request: PersonRequest) -> HttpResponse:
    attach_person(request)
    organisations = [
        {
            "public_id": encode("ten", row["tenant_id"]),
            "name": row["tenant_name"],
            "role": row["role"],
            "current": row["tenant_id"] == request.actor.tenant_id,
        }
        for row in request.memberships
    ]
    context = {"organisations": organisations, "next": reverse("account")}
    return render_page(request, "accounts/account.html", context)
