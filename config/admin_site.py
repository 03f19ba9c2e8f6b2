"""The super-admins' site: every tenant's rows, read in an explicit all-tenants context, and every
look and action left in the system's audit chain.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.services.evidence import record_system_audit
from accounts.web import strong_auth_at
from core.clock import now
from core.ids import encode
from core.tenancy import all_tenants

View = Callable[..., HttpResponseBase]
# Sign-in internals have their own pages; their rows hold secrets.
HIDDEN_APPS = frozenset({"account", "auth", "mfa", "oauth2_provider", "usersessions"})
SILENT = frozenset({"jsi18n", "autocomplete", "login", "logout"})


def _is_hidden(model: Any, admin_class: Any) -> bool:
    """Sign-in internals, and what the OAuth library would register of our own tables."""
    library = getattr(admin_class, "__module__", "").partition(".")[0]
    return model._meta.app_label in HIDDEN_APPS or library in HIDDEN_APPS


class AdamantAdminSite(AdminSite):
    """Django admin on the rooms' own sign-in, for superusers with a second factor."""

    site_header = "Adamant administration"
    site_title = "Adamant"
    index_title = "All tenants"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = (
            model_or_iterable
            if isinstance(model_or_iterable, list | tuple)
            else [model_or_iterable]
        )
        shown = [model for model in models if not _is_hidden(model, admin_class)]
        if shown:
            super().register(shown, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        if not (user.is_authenticated and user.is_active and user.is_superuser):
            return False
        return not settings.SECURE or strong_auth_at(request, user) is not None

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(
            request.GET.get("next") or reverse("admin:index"), reverse("account_login")
        )

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded: View = super().admin_view(view, cacheable)

        @wraps(view)
        def across_tenants(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                return guarded(request, *args, **kwargs)
            with transaction.atomic():
                leave_trace(request)
            with all_tenants():
                response = guarded(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()
            return response

        return across_tenants


def leave_trace(request: HttpRequest) -> None:
    """One row of the system chain for what a super-admin opens or does."""
    match = request.resolver_match
    page = match.url_name if match else ""
    if not page or page in SILENT:
        return
    user: Any = request.user
    facts = {"page": page, "method": str(request.method)}
    if match and match.kwargs.get("object_id"):
        facts["object_id"] = str(match.kwargs["object_id"])[:64]
    if request.method == "POST":
        facts["action"] = request.POST.get("action", "")[:64]
        facts["selected"] = ",".join(request.POST.getlist("_selected_action"))[:1000]
    record_system_audit(
        "admin.opened" if request.method == "GET" else "admin.acted",
        actor_id=encode("user", user.pk),
        now=now(),
        facts=facts,
    )
