"""Pages of billing, and the door of the payment provider's webhooks."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.web import PersonRequest, page_of, signed_in
from billing import credits as ledger
from billing import presenters, queries, services
from core.actors import Role
from core.clock import now
from core.errors import AppError
from core.pages import render_page
from core.tenancy import tenant_tx


@never_cache
@require_GET
def checkout(request: HttpRequest) -> HttpResponse:
    token = request.GET.get("token", "")
    try:
        if services.is_configured():
            return HttpResponseRedirect(services.start_checkout(token, now=now()))
        services.complete_checkout(token, now=now())
    except AppError as error:
        return render_page(request, "billing/checkout.html", {"error": error}, status=error.status)
    return HttpResponseRedirect(reverse("checkout-done"))


@require_GET
def checkout_done(request: HttpRequest) -> HttpResponse:
    result = request.GET.get("result", "")
    return render_page(request, "billing/checkout.html", {"result": result})


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    try:
        services.receive(request.body, request.headers.get("Stripe-Signature", ""), now=now())
    except services.SignatureError:
        return JsonResponse({"error": "invalid signature"}, status=400)
    return JsonResponse({"received": True})


@never_cache
@require_safe
@signed_in(Role.OWNER)
def overview(request: PersonRequest) -> HttpResponse:
    moment = now()
    with tenant_tx(request.actor.tenant_id, readonly=True):
        current = queries.current_subscription()
        rows, older = page_of(request, queries.list_invoices())
        plan = queries.plan_in_force(current)
        context: dict[str, Any] = {
            "subscription": current,
            "plan": plan,
            "credits": [{"kind": k, "left": ledger.balance(k, moment)} for k in ledger.KINDS],
            "has_portal": services.is_configured() and queries.current_customer() is not None,
        }
    context |= presenters.overview(current, plan, queries.list_plans())
    context["invoices"] = [presenters.invoice_row(row) for row in rows]
    context |= {"older_url": older, "is_demo": not services.is_configured()}
    return render_page(request, "billing/overview.html", context)


@require_POST
@signed_in(Role.OWNER)
def choose(request: PersonRequest) -> HttpResponse:
    text = request.POST.get("plan_id", "")
    plan = queries.find_plan(int(text) if text in {"1", "2", "3", "4"} else 0, None)
    made = services.subscribe(request.actor, plan, now=now())
    return redirect(made.checkout_url if made.link is not None else "billing")


@require_POST
@signed_in(Role.OWNER)
def cancel_plan(request: PersonRequest) -> HttpResponse:
    ended = services.cancel(request.actor, now=now())
    words = {"plan": ended.plan.name}
    if ended.ends_at is None:
        messages.success(request, _("%(plan)s has ended.") % words)
    else:
        messages.success(request, _("%(plan)s is not renewed.") % words)
    return redirect("billing")


@require_POST
@signed_in(Role.OWNER)
def resume_plan(request: PersonRequest) -> HttpResponse:
    kept = services.resume(request.actor, now=now())
    messages.success(request, _("%(plan)s goes on.") % {"plan": kept.plan.name})
    return redirect("billing")


@require_POST
@signed_in(Role.OWNER)
def portal_page(request: PersonRequest) -> HttpResponse:
    return redirect(services.open_portal(request.actor))
