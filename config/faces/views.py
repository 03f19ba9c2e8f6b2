"""Pages that span rooms: the business switcher and the theme."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.choice import SESSION_BUSINESS


def back(request: HttpRequest, fallback: str = "/") -> str:
    """The posted `next`, when it stays on this site."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    return fallback


@require_POST
def switch_business(request: HttpRequest) -> HttpResponse:
    request.session[SESSION_BUSINESS] = request.POST.get("business", "")[:64]
    return HttpResponseRedirect(back(request))
