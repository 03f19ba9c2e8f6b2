"""The write grammar: one mapping from an Outcome to an HTTP answer."""

from typing import Any

from rest_framework.response import Response

from campaigns.gateway import APPLIED, PENDING, Outcome
from campaigns.gateway.grammar import denied, grammar


def reply(outcome: Outcome, shown: dict[str, Any] | None, *, created: bool = False) -> Response:
    """The answer to one write: the object where it is in force, the write grammar with 202 where
    it is on its way; raises the 403 of a denial.

    A create whose row exists answers 201 with the object and the job that carries it out.
    """
    if outcome.is_denied:
        raise denied(outcome)
    if outcome.status == APPLIED and shown is not None:
        return Response(shown, status=201 if created else 200)
    if created and outcome.created_id and shown is not None:
        extra = {"job_id": outcome.job_id, "verdict_id": outcome.verdict_id}
        return Response({**shown, **extra}, status=201)
    body = grammar(outcome)
    if shown is not None and not created:
        body[outcome.target_type] = shown
    return Response(body, status=202)


def gone(outcome: Outcome) -> Response:
    """The answer to a DELETE: 204, or 202 while a person still has to agree."""
    if outcome.is_denied:
        raise denied(outcome)
    if outcome.status == PENDING:
        return Response(grammar(outcome), status=202)
    return Response(status=204)
