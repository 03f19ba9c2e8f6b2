"""Surface A: /pending-actions and /jobs."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_base import actor_of, endpoint, paginate, parse, parse_query
from campaigns import approvals, queries
from campaigns.api.bodies import CommentBody
from campaigns.api.filters import PendingQuery
from campaigns.presenters import job_json, pending_json
from campaigns.queries.printing import get_job
from core.clock import now
from core.tenancy import tenant_tx


@endpoint("GET", scope="ads:read")
def list_all(request: Request) -> Response:
    actor, wanted = actor_of(request), parse_query(PendingQuery, request)
    filters = wanted.model_dump(exclude={"limit", "cursor"}, exclude_defaults=True)
    with tenant_tx(actor.tenant_id, readonly=True):
        rows, pagination = paginate(request, queries.list_pending(actor, filters))
        return Response({"data": [pending_json(row) for row in rows], "pagination": pagination})


@endpoint("GET", scope="ads:read")
def detail(request: Request, pending_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(pending_json(queries.get_pending(actor, pending_id)))


@endpoint("POST", scope="ads:write:pending")
def approve(request: Request, pending_id: str) -> Response:
    body = parse(CommentBody, request)
    row = approvals.approve(pending_id, actor=actor_of(request), now=now(), comment=body.comment)
    return Response(pending_json(row))


@endpoint("POST", scope="ads:write:pending")
def reject(request: Request, pending_id: str) -> Response:
    body = parse(CommentBody, request)
    row = approvals.reject(pending_id, actor=actor_of(request), now=now(), comment=body.comment)
    return Response(pending_json(row))


@endpoint("POST", scope="ads:read")
def cancel(request: Request, pending_id: str) -> Response:
    """Only the proposer itself reaches this far: a proposal is taken back by whoever made it."""
    body = parse(CommentBody, request)
    row = approvals.cancel(pending_id, actor=actor_of(request), now=now(), comment=body.comment)
    return Response(pending_json(row))


@endpoint("GET", scope="ads:read")
def job(request: Request, job_id: str) -> Response:
    actor = actor_of(request)
    with tenant_tx(actor.tenant_id, readonly=True):
        return Response(job_json(*get_job(actor, job_id)))
