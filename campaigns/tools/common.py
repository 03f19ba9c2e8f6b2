"""What the tools of this room share."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field, StrictStr

from accounts.rendering import naming
from accounts.services.idempotency import keyed, parse_header
from campaigns.commands import restore
from campaigns.commands.values import plain
from campaigns.domain.operations import OPERATIONS
from campaigns.gateway import DENIED, DISPATCHING, PENDING, Outcome, submit
from campaigns.gateway.grammar import denied, grammar
from core.actors import Actor
from core.canonical import digest
from core.clock import now
from core.tools import Answer, ToolInput, ToolOutput, ToolSpec

type Run[G] = Callable[[Actor, G], Answer]
Id = Annotated[StrictStr, Field(min_length=3, max_length=64)]
Cursor = Annotated[StrictStr, Field(max_length=200, description="next_cursor of the page before.")]
Limit = Annotated[int, Field(ge=1, le=50, strict=True)]


def _key(text: str) -> str:
    return parse_header(text or None)


class Change(ToolInput):
    """What every tool that changes something takes beside its own arguments."""

    rationale: Annotated[StrictStr, AfterValidator(plain)] = Field(
        "", max_length=4000, description="Why, with figures, for the person who decides."
    )
    idempotency_key: Annotated[StrictStr, AfterValidator(_key)] = Field(
        "", description="One UUID per intended change; repeating it changes nothing more."
    )
    group_id: StrictStr = Field("", description="One text for changes that belong together.")
    supersedes: StrictStr = Field("", description="pa_… of an own proposal to replace.")


def reading(
    *,
    name: str,
    title: str,
    description: str,
    input: type[ToolInput],  # noqa: A002 - as ToolSpec calls it
    output: type[ToolOutput],
    run: Callable[[Actor, Any], Answer],
) -> ToolSpec:
    """A tool that reads what `ads:read` opens and leaves everything as it is."""
    return ToolSpec(
        name=name,
        title=title,
        description=description,
        scopes=frozenset({"ads:read"}),
        input=input,
        output=output,
        run=run,
        read_only=True,
        idempotent=True,
    )


def scopes_of_kinds(*kinds: str) -> frozenset[str]:
    """The scopes of these operations."""
    return frozenset(OPERATIONS[kind].scope for kind in kinds)


def change(
    actor: Actor,
    kind: str,
    fields: Mapping[str, Any],
    *,
    said: Change,
    sent_as: Mapping[str, str] | None = None,
) -> Answer:
    """Submit the command `kind`; refusals name the caller's keys. Its key is `keyed_answer`'s."""
    control = {"schema_version": 1, "group_id": said.group_id, "supersedes": said.supersedes}
    with naming(sent_as or {}):
        outcome = submit(
            restore(kind, {**control, **fields}),
            actor=actor,
            now=now(),
            rationale=said.rationale,
        )
    return written(outcome)


def keyed_answer(actor: Actor, tool: str, *, given: Change, effect: Callable[[], Answer]) -> Answer:
    """Carry out `effect` once per idempotency key, in one tenant transaction with the key's record;
    a denial commits and is not kept.
    """
    with keyed(
        actor,
        route=f"tool:{tool}",
        key=given.idempotency_key,
        body_digest=digest(given.model_dump(mode="json")),
        now=now(),
    ) as slot:
        if slot.replay:
            return Answer(orjson.loads(slot.replay.body))
        answer = effect()
        if not answer.is_error:
            slot.keep(200, orjson.dumps(answer.data))
    return answer


def once[G: Change](tool: str) -> Callable[[Run[G]], Run[G]]:
    """A tool's `run` under `keyed_answer`."""

    def decorate(run: Run[G]) -> Run[G]:
        def keyed_run(actor: Actor, given: G) -> Answer:
            return keyed_answer(actor, tool, given=given, effect=lambda: run(actor, given))

        return keyed_run

    return decorate


def written(outcome: Outcome) -> Answer:
    """The write grammar in the words of a tool; a denial is an answer too, marked as an error."""
    data = {
        **grammar(outcome),
        "status": outcome.status,
        "created_id": outcome.created_id or None,
        "next_step": next_step(outcome),
    }
    if outcome.is_denied:
        error = denied(outcome)
        data |= {
            "reason": outcome.reason,
            "detail": outcome.detail or None,
            "dashboard_url": error.details["dashboard_url"],
            "next_step": f"{error.message} {error.hint}",
        }
    return Answer(data, is_error=outcome.status == DENIED)


def next_step(outcome: Outcome) -> str:
    """What the caller does now, in the names of tools."""
    if outcome.status == PENDING:
        return _(
            "A person decides at dashboard_url: tell the user, then look with get_pending_action. "
            "Do not send the change again."
        )
    if outcome.status == DISPATCHING:
        return _("On its way to the platform: call get_job with job_id until it is done.")
    return _("Nothing more to do.")


def campaign_url(public_id: str) -> str:
    """The campaign's page."""
    return f"{settings.PUBLIC_URL}/campaigns/{public_id}/"
