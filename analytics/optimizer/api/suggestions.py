"""Surface A: /ai/optimize."""

from typing import Annotated

import pydantic
from pydantic import AfterValidator, StrictStr
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse
from analytics.optimizer import meanings, queries
from analytics.optimizer.bodies import Body
from analytics.optimizer.presenters import suggestion_json
from analytics.optimizer.services.suggest import STRATEGIES
from analytics.optimizer.services.suggestions import apply_suggestion, make_suggestions
from campaigns.commands.values import plain
from campaigns.gateway import APPLIED
from campaigns.gateway.grammar import denied, grammar
from core.clock import now
from core.errors import InvalidError
from core.ids import encode
from core.shapes import Words
from core.tenancy import tenant_tx

Id = Annotated[StrictStr, pydantic.Field(min_length=1, max_length=64)]


class SuggestBody(Body):
    """For which campaign, by which strategies; without them by all."""

    campaign_id: Id
    strategies: Annotated[
        list[Annotated[StrictStr, pydantic.Field(max_length=40), Words(meanings.SUGGESTION)]]
        | None,
        pydantic.Field(max_length=20),
    ] = None


class ApplyBody(Body):
    """Which suggestion, and why it is applied."""

    suggestion_id: Id
    rationale: Annotated[StrictStr, pydantic.Field(max_length=4000), AfterValidator(plain)] = ""


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def suggest(request: Request) -> Response:
    actor, body = actor_of(request), parse(SuggestBody, request)
    wanted = _strategies(body.strategies)
    campaign, rows, nothing = make_suggestions(actor, body.campaign_id, wanted, now=now())
    return Response(
        {
            "campaign_id": encode("camp", campaign.pk),
            "suggestions": [suggestion_json(row) for row in rows],
            "nothing_from": [
                {"strategy": name, "reason": reason} for name, reason in nothing.items()
            ],
        }
    )


def _strategies(asked: list[str] | None) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(asked or STRATEGIES))
    unknown = [name for name in chosen if name not in STRATEGIES]
    if unknown:
        raise InvalidError(
            f"Unknown strategy: {unknown[0]}",
            field="strategies",
            details={"allowed": list(STRATEGIES)},
        )
    return chosen


@endpoint("GET", scope="ads:read")
def list_all(request: Request) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_suggestions(actor))
    return Response({"data": [suggestion_json(row) for row in rows], "pagination": pagination})


@endpoint("POST", scope="ads:write:campaigns", idempotent=True)
def apply(request: Request) -> Response:
    actor, body = actor_of(request), parse(ApplyBody, request)
    outcome = apply_suggestion(actor, body.suggestion_id, now=now(), rationale=body.rationale)
    if outcome.is_denied:
        raise denied(outcome)
    answer = {"suggestion_id": body.suggestion_id, **grammar(outcome)}
    return Response(answer, status=200 if outcome.status == APPLIED else 202)
