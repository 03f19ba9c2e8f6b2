"""The tool that writes copy and draws images."""

from typing import Any

from django.utils.translation import gettext as _
from pydantic import Field, StrictBool, StrictInt, StrictStr

from accounts.services.idempotency import run_keyed
from billing.credits import balance
from core.actors import Actor
from core.canonical import digest
from core.clock import now
from core.errors import InvalidError
from core.ids import decode, encode
from core.tenancy import tenant_tx
from core.tools import Answer, ToolInput, ToolOutput, ToolSpec, declare
from creatives import queries
from creatives.bodies import VariationsBody
from creatives.domain.limits import (
    MOST_VARIATIONS,
    Language,
    Placement,
    Platform,
    Size,
    Style,
    Tone,
)
from creatives.models import Generation
from creatives.presenters import generation_json
from creatives.services import generations, running


class GenerateInput(ToolInput):
    product: StrictStr = Field(
        "", max_length=2000, description="What is advertised, in words; the copy says no more."
    )
    audience: StrictStr = Field("", max_length=300)
    count: StrictInt = Field(3, ge=1, le=MOST_VARIATIONS, description="One credit each.")
    include_images: StrictBool = Field(False, description="An image each, one credit more.")
    tone: Tone = "professional"
    platform: Platform = "facebook"
    placement: Placement = "feed"
    language: Language = "en"
    style: Style = "photo_realistic"
    size: Size = "1080x1080"
    business_id: StrictStr = Field("", max_length=60, description="biz_…; needed if several.")
    generation_id: StrictStr = Field(
        "", description="gen_… of an earlier call: show it and make nothing new."
    )
    idempotency_key: StrictStr = Field(
        "", pattern="^[!-~]{0,255}$", description="One UUID per intended generation."
    )


class GenerateOutput(ToolOutput):
    id: str
    status: str
    provider: str
    variations: list[dict[str, Any]]
    error: dict[str, Any] | None = None
    credits_used: int
    credits_remaining: int | None = None
    next_step: str


def generate(actor: Actor, given: GenerateInput) -> Answer:
    if given.generation_id:
        return _shown(actor, given.generation_id)
    if not given.product.strip():
        raise InvalidError(_("Say what is advertised."), field="product")
    kept = run_keyed(
        actor,
        route="tool:generate_ad_content",
        key=given.idempotency_key,
        body_digest=digest(given.model_dump(mode="json")),
        now=now(),
        effect=lambda: (200, _start(actor, given).encode()),
    )
    public = kept.body.decode()
    if not kept.replayed and not given.include_images:
        running.run_inline(actor.tenant_id, decode("gen", public), now=now())
    return _shown(actor, public)


def _start(actor: Actor, given: GenerateInput) -> str:
    """The public id of a generation whose credits are held."""
    same = {
        "count", "include_images", "tone", "platform", "placement", "language", "style", "size",
        "business_id",
    }  # fmt: skip
    body = VariationsBody(
        product_description=given.product,
        target_audience=given.audience,
        **given.model_dump(include=same),
    )
    row = generations.start(
        actor, "variations", body.asked(), business_id=given.business_id, now=now()
    )
    return encode("gen", row.pk)


def _shown(actor: Actor, public_id: str) -> Answer:
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_generation(actor, public_id)
        left = balance("generation", now(), environment=row.environment)
    printed = generation_json(row, left)
    names = GenerateOutput.model_fields.keys() - {"truncated", "next_step"}
    data = {name: printed[name] for name in names}
    return Answer({**data, "next_step": _next_step(row)}, is_error=row.status == "failed")


def _next_step(row: Generation) -> str:
    if row.status == "processing":
        return _("Wait 5 seconds, then call again with generation_id.")
    if row.status == "failed":
        return _("Nothing was charged; error says what to change.")
    return _("Show the user, then put one on an ad with attach_creative and its generation_id.")


declare(
    ToolSpec(
        name="generate_ad_content",
        title="Generate ad content",
        description=(
            "Write variations of ad copy, and images where asked, from a description of the "
            "product, within the platform's lengths and the business's brand rules. It spends "
            "credits of the month and changes no ad: put a variation on one with attach_creative. "
            "Images take a while: call again with generation_id. Copy is a draft for people to "
            "check; predicted_ctr is absent where the business has too little history."
        ),
        scopes=frozenset({"content:generate"}),
        input=GenerateInput,
        output=GenerateOutput,
        run=generate,
        open_world=True,
    )
)
