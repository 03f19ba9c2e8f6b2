"""What /billing answers."""

from typing import Annotated

import pydantic

from core.shapes import Answer, Currency, Message, OneOf, Page, Time, an_id

Limit = Annotated[int | None, pydantic.Field(description="Null is unlimited.")]


class Plan(Answer):
    """A plan and its monthly price."""

    id: int
    name: str
    price: Annotated[float, pydantic.Field(description="A month, in main units of `currency`.")]
    currency: Currency


class Limits(Answer):
    """What a plan allows."""

    requests_per_minute: Limit
    requests_per_day: Limit
    generations_per_month: Limit
    research_credits_per_month: Limit
    max_campaigns: Limit


class PlanWithLimits(Plan):
    """A row of the price list."""

    limits: Limits


class PlanList(Answer):
    """The price list."""

    data: list[PlanWithLimits]


STANDING = {
    "active": "the plan is in force",
    "past_due": "a payment failed; the plan is in force for its days of grace",
    "unpaid": "the payment is still missing; the limits of Free hold",
}


class Subscription(Answer):
    """A plan that was subscribed to."""

    id: Annotated[str, an_id("sub")]
    plan: Plan
    active: Annotated[bool, pydantic.Field(description="Whether the plan's limits hold.")]
    status: Annotated[str, OneOf({**STANDING, "cancelled": "the subscription has ended"})]
    renews_at: Annotated[Time | None, pydantic.Field(description="Null where nothing is paid.")]
    ends_at: Annotated[Time | None, pydantic.Field(description="Set where it is not renewed.")]


class ActivePlan(Message):
    """The plan is in force."""

    status: Annotated[str, OneOf({"active": "the plan is in force"})]
    subscription: Subscription


class PendingPlan(Message):
    """The plan waits for a person to open the mailed link."""

    status: Annotated[str, OneOf({"pending": "the checkout link waits for a person"})]
    plan: Plan
    checkout_url: str
    token: Annotated[str, pydantic.Field(description="Asks for the checkout's status.")]
    expires_at: Time | None


class Subscribed(pydantic.RootModel[ActivePlan | PendingPlan]):
    """A free plan is active at once; a paid one waits for its checkout."""


class CheckoutStatus(Message):
    """How far a checkout is."""

    status: Annotated[
        str,
        OneOf(
            {
                "pending": "the link has not been opened",
                "active": "the plan is in force",
                "expired": "the link is too old; subscribe again",
            }
        ),
    ]
    subscription: Subscription | None = None


class Credits(Answer):
    """One kind of credit this month (UTC)."""

    granted: Limit
    used: int
    reserved: Annotated[int, pydantic.Field(description="Held by work that is under way.")]
    remaining: Limit


class CreditKinds(Answer):
    """A generation is one variation or one image, a research credit one collected ad."""

    generation: Credits
    research: Credits


class BillingStatus(Answer):
    """The plan in force and what it allows."""

    plan: Annotated[str, pydantic.Field(description="Slug of the plan whose limits hold.")]
    status: Annotated[str, OneOf(STANDING)]
    subscription: Subscription | None
    limits: Limits
    credits: CreditKinds
    mode: Annotated[
        str,
        OneOf(
            {
                "stripe": "plans are paid for",
                "demo": "no payment provider is configured; links activate plans by themselves",
            }
        ),
    ]


class Cancelled(Message):
    """The paid plan has ended at once, as nobody pays for it."""

    status: Annotated[str, OneOf({"cancelled": "the paid plan has ended"})]
    plan: Annotated[str, OneOf({"free": "the plan from now on"})]


class Cancelling(Message):
    """The paid plan ends with its period."""

    status: Annotated[str, OneOf({"cancelling": "the plan is in force until its period ends"})]
    plan: Annotated[str, pydantic.Field(description="The plan's slug.")]
    subscription: Subscription


class CancelAnswer(pydantic.RootModel[Cancelled | Cancelling]):
    """What is paid for ends with its period, anything else at once."""


class Resumed(Message):
    """The plan goes on."""

    status: Annotated[str, OneOf(STANDING)]
    subscription: Subscription


class PortalPage(Message):
    """A page of the payment provider's."""

    url: Annotated[str, pydantic.Field(description="For a person, within minutes.")]


class Invoice(Answer):
    """An invoice as the payment provider last gave it."""

    id: Annotated[str, an_id("invc")]
    number: str
    status: Annotated[
        str,
        OneOf(
            {
                "open": "waits for its payment",
                "paid": "is paid",
                "uncollectible": "is given up",
                "void": "was withdrawn",
            }
        ),
    ]
    amount_due: float
    amount_paid: float
    currency: Currency
    pdf_url: str | None
    page_url: Annotated[str | None, pydantic.Field(description="Where a person pays it.")]
    created_at: Time


class InvoicePage(Page[Invoice]):
    """Invoices, newest first."""
