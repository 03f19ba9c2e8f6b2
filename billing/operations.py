"""The operations of /billing in the API document."""

from typing import Annotated

import pydantic

from billing import answers, api
from core.operations import Operation, declare
from core.shapes import PageQuery

TAG = "Billing"


class CheckoutQuery(pydantic.BaseModel):
    """Which checkout."""

    token: Annotated[str, pydantic.Field(description="From POST /billing/subscribe.")]


declare(
    Operation(
        id="list_plans",
        method="GET",
        path="/billing/plans",
        tag=TAG,
        summary="The price list",
        answers={200: answers.PlanList},
    ),
    Operation(
        id="subscribe",
        method="POST",
        path="/billing/subscribe",
        tag=TAG,
        summary="Subscribe to a plan",
        description="Name it by `plan_id`, or by `plan`: slug, name or alias in any case. A paid "
        "plan answers with a checkout link that is mailed too and works once, for 24 hours.",
        body=api.SubscribeBody,
        answers={200: answers.Subscribed},
        errors=("cancel_first", "payment_overdue"),
        example={"plan_id": 1},
    ),
    Operation(
        id="get_checkout_status",
        method="GET",
        path="/billing/subscribe/status",
        tag=TAG,
        summary="Follow a checkout",
        query=CheckoutQuery,
        answers={200: answers.CheckoutStatus},
        errors=("not_found",),
    ),
    Operation(
        id="get_billing_status",
        method="GET",
        path="/billing/status",
        tag=TAG,
        summary="The plan in force and its limits",
        answers={200: answers.BillingStatus},
    ),
    Operation(
        id="cancel_subscription",
        method="POST",
        path="/billing/cancel",
        tag=TAG,
        summary="End the paid plan",
        description="With the period that is paid for, or at once where nobody pays.",
        answers={200: answers.CancelAnswer},
        errors=("no_subscription",),
    ),
    Operation(
        id="resume_subscription",
        method="POST",
        path="/billing/resume",
        tag=TAG,
        summary="Keep a plan that was to end with its period",
        answers={200: answers.Resumed},
        errors=("no_subscription", "not_ending"),
    ),
    Operation(
        id="open_billing_portal",
        method="POST",
        path="/billing/portal",
        tag=TAG,
        summary="A page where a person changes card and address",
        answers={200: answers.PortalPage},
        errors=("no_subscription", "payment_provider_unavailable"),
    ),
    Operation(
        id="list_invoices",
        method="GET",
        path="/billing/invoices",
        tag=TAG,
        summary="List invoices",
        query=PageQuery,
        answers={200: answers.InvoicePage},
    ),
)
