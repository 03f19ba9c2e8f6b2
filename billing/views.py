"""Pages of a checkout."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from billing import services
from core.clock import now
from core.pages import render_page


@never_cache
@require_GET
def checkout(request: HttpRequest) -> HttpResponse:
    try:
        services.complete_checkout(request.GET.get("token", ""), now=now())
    except services.CheckoutDeadError as error:
        return render_page(request, "billing/checkout.html", {"error": error}, status=error.status)
    return HttpResponseRedirect(reverse("checkout-done"))


@require_GET
def checkout_done(request: HttpRequest) -> HttpResponse:
    return render_page(request, "billing/checkout.html")
