"""Creative pages: what was generated, one generation, a form for a new one, kept images."""

from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.choice import BusinessItem, choice, offer_for
from accounts.domain.roles import roles_with
from accounts.queries import get_business
from accounts.services.idempotency import run_keyed
from accounts.web import PersonRequest, page_of, signed_in
from billing.credits import balance
from core.canonical import digest
from core.clock import now
from core.errors import AppError, NotFoundError
from core.ids import decode, encode
from core.pages import render_page
from core.tenancy import tenant_tx
from creatives import queries
from creatives.forms import FORMS, GenerationForm
from creatives.models import Asset
from creatives.services import generations, running
from creatives.views import words

MAKERS = roles_with("content:generate")
BRANDERS = roles_with("account:write")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; unknown words narrow nothing."""

    kind: str = ""
    status: str = ""
    business: str = ""

    @classmethod
    def of(cls, request: PersonRequest) -> "Filters":
        """The filters of the address."""
        given = {field.name: request.GET.get(field.name, "")[:64] for field in fields(cls)}
        return cls(
            kind=given["kind"] if given["kind"] in words.KINDS else "",
            status=given["status"] if given["status"] in words.STATES else "",
            business=given["business"],
        )


@require_safe
@signed_in()
def index(request: PersonRequest) -> HttpResponse:
    actor, filters = request.actor, Filters.of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_generations(actor).select_related("business")
        if filters.business:
            rows = rows.filter(business_id=get_business(actor, filters.business).pk)
        chosen = {name: value for name, value in asdict(filters).items() if value}
        chosen.pop("business", None)
        found, older = page_of(request, rows.filter(**chosen))
        offered = offer_for(request, filters.business)
    context = {
        "rows": [words.summary(row) for row in found],
        "older_url": older,
        "filters": filters,
        "narrowed": filters != Filters(),
        "kinds": words.KINDS.items(),
        "states": [(name, text) for name, (text, _tone) in words.STATES.items()],
        "offered": offered,
        **_may(request),
    }
    return render_page(request, "creatives/creatives.html", context)


def _may(request: PersonRequest) -> dict[str, bool]:
    role = request.actor.role
    return {"may_make": role in MAKERS, "may_brand": role in BRANDERS}


@require_safe
@signed_in()
def images(request: PersonRequest) -> HttpResponse:
    actor, wanted = request.actor, request.GET.get("business", "")
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = queries.list_assets(actor).select_related("business")
        if wanted:
            rows = rows.filter(business_id=get_business(actor, wanted).pk)
        found, older = page_of(request, rows, size=24)
        offered = offer_for(request, wanted)
    context = {
        "rows": [_image(row) for row in found],
        "older_url": older,
        "business": wanted,
        "offered": offered,
        **_may(request),
    }
    return render_page(request, "creatives/images.html", context)


def _image(row: Asset) -> dict[str, Any]:
    public_id = encode("ast", row.pk)
    return {"row": row, "public_id": public_id, "url": f"/assets/{public_id}"}


@require_safe
@signed_in()
def detail(request: PersonRequest, generation_id: str) -> HttpResponse:
    actor = request.actor
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_generation(actor, generation_id)
        business = row.business
    context = {
        **words.summary(row),
        "business": business,
        "business_id": encode("biz", business.pk),
        "asked": words.asked(row),
        "failure": words.failure(row),
        "variations": [words.variation(row, number) for number in range(len(row.variations))],
        "again": urlencode({"kind": "image" if row.kind == "image" else "copy"}),
        **_may(request),
    }
    return render_page(request, "creatives/generation.html", context, partial="generation")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in(*MAKERS)
def new(request: PersonRequest) -> HttpResponse:
    posted = request.POST.get("business", "")
    with tenant_tx(request.actor.tenant_id, readonly=True):
        offered = choice(request, posted or request.GET.get("business", ""))
    if offered.chosen is None:
        messages.info(request, _("Content belongs to a business. Add the business first."))
        return redirect("businesses")
    if posted and posted != offered.chosen.public_id:
        raise NotFoundError  # never for a business that was not meant
    kind = request.GET.get("kind", "copy")
    form = FORMS[kind if kind in FORMS else "copy"](request.POST or None)
    refusal: AppError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _made(request, form, offered.chosen)
        except AppError as error:
            refusal = _refused(form, error)
        else:
            if made:
                return redirect("generation", made)
    context = {"form": form, "offered": offered, "kind": kind, "refusal": refusal}
    return _form_page(request, context, offered.chosen)


def _refused(form: GenerationForm, error: AppError) -> AppError:
    """The refusal, with its words put into the form."""
    if isinstance(error, NotFoundError):
        raise error
    form.add_named_error(str(error.details.get("field", "")), f"{error.message} {error.hint}")
    return error


def _made(request: PersonRequest, form: GenerationForm, business: BusinessItem) -> str:
    """The public id of the generation that the form began; "" where the form is wrong."""
    found = form.wanted()
    if found is None:
        return ""
    kind, wanted = found
    actor, moment = request.actor, now()

    def begin() -> tuple[int, bytes]:
        row = generations.start(actor, kind, wanted, business_id=business.public_id, now=moment)
        return 200, encode("gen", row.pk).encode()

    kept = run_keyed(
        actor,
        route="page:generate",
        key=form.cleaned_data["request_key"],
        body_digest=digest([kind, wanted, business.public_id]),
        now=moment,
        effect=begin,
    )
    public_id = kept.body.decode()
    if not kept.replayed:
        running.run_inline(actor.tenant_id, decode("gen", public_id), now=now())
    return public_id


def _form_page(
    request: PersonRequest, context: dict[str, Any], business: BusinessItem
) -> HttpResponse:
    form, refusal = context["form"], context["refusal"]
    with tenant_tx(request.actor.tenant_id, readonly=True):
        left = balance("generation", now(), environment=business.environment)
        rules = queries.brand_rules(business.id)
    context |= {
        "left": left,
        "rules": rules,
        "cost": _cost(request.POST or request.GET, form),
        "business": business,
        **_may(request),
    }
    status = refusal.status if refusal is not None else 422 if form.errors else 200
    return render_page(request, "creatives/new.html", context, partial="cost", status=status)


def _cost(given: Any, form: GenerationForm) -> int:
    """What the form as it stands would cost."""
    count = form.fields["count"]
    text = given.get("count", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else count.initial
    number = min(max(number, 1), count.max_value)  # type: ignore[attr-defined]
    return generations.cost({"count": number, "include_images": given.get("include_images")})
