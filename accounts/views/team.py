"""Members, roles, invitations."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import queries
from accounts.adapter import browser_origin
from accounts.domain.roles import MANAGERS, may_grant, may_manage
from accounts.forms import ROLE_NAMES, InviteForm, JoinForm, RoleForm
from accounts.models import Invitation, Membership, User
from accounts.services import team
from accounts.views.entrance import sign_in
from accounts.web import TENANT_SESSION_KEY, PersonRequest, page_of, signed_in
from core.actors import Actor, Role
from core.clock import now
from core.errors import ConflictError, ForbiddenError, InvalidError
from core.ids import encode
from core.pages import render_page
from core.tenancy import tenant_tx


@require_GET
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    return _page(request, InviteForm(actor=request.actor))


def _page(request: PersonRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        found, older = page_of(request, queries.list_members())
        members = [_member(actor, row) for row in found]
        invited, older_invitations = page_of(
            request, queries.list_invitations(), name="invitations"
        )
    context = {
        "members": members,
        "older_url": older,
        "invitations": [_invitation(row) for row in invited] if actor.role in MANAGERS else [],
        "older_invitations": f"{older_invitations}#invitations" if older_invitations else "",
        "form": form,
        "may_invite": actor.role in MANAGERS,
    }
    return render_page(request, "accounts/team.html", context, status=status)


def _invitation(row: Invitation) -> dict[str, object]:
    return {
        "public_id": encode("inv", row.pk),
        "row": row,
        "role_name": ROLE_NAMES[Role(row.role)],
        "dead": row.expires_at <= now(),
    }


def _member(actor: Actor, row: Membership) -> dict[str, object]:
    return {
        "public_id": encode("mem", row.pk),
        "user": row.user,
        "role": row.role,
        "role_name": ROLE_NAMES[Role(row.role)],
        "since": row.created_at,
        "is_self": row.user_id == actor.user_id,
        "manageable": may_manage(actor.role, Role(row.role)),
        "form": RoleForm(actor=actor, auto_id=f"id_%s_{row.pk.hex}"),
        "choices": [
            (role, name) for role, name in ROLE_NAMES.items() if may_grant(actor.role, role)
        ],
    }


@require_POST
@signed_in(*MANAGERS)
def invite(request: PersonRequest) -> HttpResponse:
    form = InviteForm(request.POST, actor=request.actor)
    if not form.is_valid():
        return _page(request, form, status=422)
    email, role = form.cleaned_data["email"], team.parse_role(form.cleaned_data["role"])
    chosen = form.cleaned_data.get("businesses", [])
    try:
        team.invite(request.actor, email=email, role=role, business_ids=chosen, now=now())
    except InvalidError as error:
        form.add_error("businesses" if "businesses" in form.fields else None, error.message)
        return _page(request, form, status=422)
    messages.success(request, _("Invitation mailed to %(email)s.") % {"email": email})
    return redirect("team")


@require_POST
@signed_in(*MANAGERS)
def withdraw(request: PersonRequest, invitation_id: str) -> HttpResponse:
    team.withdraw_invitation(request.actor, invitation_id, now=now())
    messages.success(request, _("The invitation no longer works."))
    return redirect("team")


@require_POST
@signed_in(*MANAGERS)
def change_role(request: PersonRequest, member_id: str) -> HttpResponse:
    role = team.parse_role(request.POST.get("role", ""))
    changed = team.change_role(request.actor, member_id, role, now=now())
    messages.success(
        request,
        _("%(name)s is now %(role)s.") % {"name": changed.user.full_name, "role": ROLE_NAMES[role]},
    )
    return redirect("team")


@require_POST
@signed_in(*MANAGERS)
def remove(request: PersonRequest, member_id: str) -> HttpResponse:
    team.remove_member(request.actor, member_id, now=now())
    messages.success(request, _("Removed. Their keys no longer work."))
    return redirect("team")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponseBase:
    token = request.POST.get("token") or request.GET.get("token", "")
    try:
        invitation, tenant = team.find_invitation(token, now=now())
    except team.InvitationDeadError as error:
        return render_page(request, "accounts/join.html", {"dead": error}, status=410)
    known = User.objects.filter(email=invitation.email).exists()
    context = {"invitation": invitation, "tenant": tenant, "token": token, "known": known}
    if request.user.is_authenticated:
        return _accept_signed_in(request, token, context)
    if known:
        return render_page(request, "accounts/join.html", context)
    return _accept_as_new(request, token, context)


def _accept_signed_in(
    request: HttpRequest, token: str, context: dict[str, object]
) -> HttpResponseBase:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - AUTH_USER_MODEL
    if request.method == "POST":
        try:
            tenant = team.accept_as(user, token, origin=browser_origin(request), now=now())
        except ForbiddenError as error:
            return render_page(request, "accounts/error.html", {"error": error}, status=403)
        request.session[TENANT_SESSION_KEY] = str(tenant.pk)
        return redirect("/")
    return render_page(request, "accounts/join.html", context)


def _accept_as_new(
    request: HttpRequest, token: str, context: dict[str, object]
) -> HttpResponseBase:
    form = JoinForm(request.POST or None, initial={"token": token})
    if request.method == "POST" and form.is_valid():
        try:
            user = team.accept_as_new(
                token, form.cleaned_data, origin=browser_origin(request), now=now()
            )
        except (InvalidError, ConflictError) as error:
            form.add_error("password", error.message)
        else:
            return sign_in(request, user)
    status = 422 if form.errors else 200
    return render_page(request, "accounts/join.html", {**context, "form": form}, status=status)
