"""The tool that suggests changes of a campaign and applies one of them."""

from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import Field, StrictStr

from analytics.optimizer import meanings
from analytics.optimizer.presenters import suggestion_json
from analytics.optimizer.queries import get_suggestion
from analytics.optimizer.services.suggest import STRATEGIES
from analytics.optimizer.services.suggestions import apply_suggestion, make_suggestions
from campaigns.queries import get_campaign
from campaigns.tools.common import written
from core.actors import Actor
from core.clock import now
from core.errors import InvalidError, NotFoundError
from core.ids import encode
from core.tenancy import tenant_tx
from core.tools import Answer, ToolInput, ToolOutput, ToolSpec, declare

Strategy = Literal[
    "new_message",
    "new_image",
    "similar_audience",
    "pause_ad",
    "shift_budget",
    "raise_budget",
    "lower_budget",
]


class OptimizeInput(ToolInput):
    campaign_id: StrictStr = Field("", max_length=64, description="camp_…: look for changes.")
    strategies: list[Strategy] = Field([], max_length=7, description="All when left out.")
    suggestion_id: StrictStr = Field(
        "", max_length=64, description="sug_… of an earlier answer: apply it and look no further."
    )
    rationale: StrictStr = Field("", max_length=4000, description="Why this one is applied.")


class OptimizeOutput(ToolOutput):
    """Looking answers suggestions and nothing_from; applying answers as every change does."""

    campaign_id: str
    suggestions: list[dict[str, Any]] | None = None
    nothing_from: dict[str, str] | None = None
    status: str | None = None
    reason: str | None = None
    pending_action_id: str | None = None
    job_id: str | None = None
    dashboard_url: str | None = None
    next_step: str


def optimize(actor: Actor, given: OptimizeInput) -> Answer:
    if given.suggestion_id:
        return _applied(actor, given)
    if not given.campaign_id:
        raise InvalidError(_("Name the campaign."), field="campaign_id")
    wanted = tuple(name for name in STRATEGIES if name in (given.strategies or STRATEGIES))
    campaign, rows, nothing = make_suggestions(actor, given.campaign_id, wanted, now=now())
    return Answer(
        {
            "campaign_id": encode("camp", campaign.pk),
            "suggestions": [suggestion_json(row) for row in rows],
            "nothing_from": {name: meanings.NOTHING[why] for name, why in nothing.items()},
            "next_step": _next_step(found=bool(rows)),
        }
    )


def _next_step(*, found: bool) -> str:
    if found:
        return _("Show the user; apply one they choose by calling again with its suggestion_id.")
    return _("Nothing is surely better now: change nothing, and look again in a day.")


def _applied(actor: Actor, given: OptimizeInput) -> Answer:
    if given.campaign_id:
        with tenant_tx(actor.tenant_id, readonly=True):
            campaign = get_campaign(actor, given.campaign_id)
            if get_suggestion(actor, given.suggestion_id).campaign_id != campaign.pk:
                raise NotFoundError(_("The campaign has no such suggestion."))
    outcome = apply_suggestion(actor, given.suggestion_id, now=now(), rationale=given.rationale)
    answer = written(outcome)
    return Answer({"suggestion_id": given.suggestion_id, **answer.data}, is_error=answer.is_error)


declare(
    ToolSpec(
        name="optimize_campaign",
        title="Optimize a campaign",
        description=(
            "Look at a campaign's last 14 full days and suggest changes that are surely better, "
            "each with its evidence; with suggestion_id, apply one. Use it when asked what to "
            "improve; propose_change and manage_budget make changes of your own. Looking changes "
            "nothing. Applying works once, within 24 hours, and passes the policy like any change: "
            "it may wait for a person (pending_approval), and the change's own scope is needed."
        ),
        scopes=frozenset({"ads:write:campaigns"}),
        input=OptimizeInput,
        output=OptimizeOutput,
        run=optimize,
        destructive=True,
        idempotent=True,
        open_world=True,
    )
)
