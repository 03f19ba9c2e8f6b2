"""The operations of /webhooks in the API document."""

from typing import Annotated

import pydantic

from core.operations import Operation, declare
from core.shapes import PageQuery
from webhooks import answers, api

TAG = "Webhooks"


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: answers.DeliveryState | None = None
    event: Annotated[str, pydantic.Field(description="Only events of this type.")] = ""


declare(
    Operation(
        id="list_webhooks",
        method="GET",
        path="/webhooks",
        tag=TAG,
        summary="List endpoints",
        query=PageQuery,
        answers={200: answers.EndpointPage},
    ),
    Operation(
        id="create_webhook",
        method="POST",
        path="/webhooks",
        tag=TAG,
        summary="Add an endpoint",
        description="Only public https addresses. The secret is shown in this answer only.",
        body=api.NewEndpoint,
        answers={201: answers.EndpointWithSecret},
        errors=("business_required", "choose_business"),
        example={"url": "https://lumen.example/hooks", "events": ["campaign.launched"]},
    ),
    Operation(
        id="get_webhook",
        method="GET",
        path="/webhooks/{webhook_id}",
        tag=TAG,
        summary="Read one endpoint",
        answers={200: answers.Endpoint},
    ),
    Operation(
        id="update_webhook",
        method="PATCH",
        path="/webhooks/{webhook_id}",
        tag=TAG,
        summary="Change an endpoint",
        body=api.EndpointChange,
        answers={200: answers.Endpoint},
        example={"events": ["campaign.launched", "approval.requested"]},
    ),
    Operation(
        id="delete_webhook",
        method="DELETE",
        path="/webhooks/{webhook_id}",
        tag=TAG,
        summary="Remove an endpoint",
        answers={204: None},
    ),
    Operation(
        id="list_deliveries",
        method="GET",
        path="/webhooks/{webhook_id}/deliveries",
        tag=TAG,
        summary="Follow deliveries",
        query=DeliveryQuery,
        answers={200: answers.DeliveryPage},
    ),
    Operation(
        id="rotate_webhook_secret",
        method="POST",
        path="/webhooks/{webhook_id}/rotate",
        tag=TAG,
        summary="Replace the secret",
        description="For `grace_seconds` the former secret signs too.",
        body=api.SecretRotation,
        answers={200: answers.EndpointWithSecret},
        errors=("rotation_in_progress", "webhook_without_secret"),
        example={"grace_seconds": 3600},
    ),
    Operation(
        id="pause_webhook",
        method="POST",
        path="/webhooks/{webhook_id}/pause",
        tag=TAG,
        summary="Pause an endpoint",
        answers={200: answers.Endpoint},
    ),
    Operation(
        id="resume_webhook",
        method="POST",
        path="/webhooks/{webhook_id}/resume",
        tag=TAG,
        summary="Resume an endpoint",
        answers={200: answers.Endpoint},
    ),
    Operation(
        id="ping_webhook",
        method="POST",
        path="/webhooks/{webhook_id}/ping",
        tag=TAG,
        summary="Send a test event",
        answers={202: answers.Delivery},
    ),
    Operation(
        id="replay_deliveries",
        method="POST",
        path="/webhooks/{webhook_id}/replay",
        tag=TAG,
        summary="Send again what happened since a time",
        description="At most 500 a call, oldest first; go on with `next_cursor`.",
        body=api.Replay,
        answers={202: answers.Replayed},
        example={"since": "2026-11-21T12:00:00Z", "failed_only": True},
    ),
    Operation(
        id="replay_delivery",
        method="POST",
        path="/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        tag=TAG,
        summary="Send one delivery again",
        description="The same bytes under the same `webhook-id`, for 30 days.",
        answers={202: answers.Delivery},
    ),
)
