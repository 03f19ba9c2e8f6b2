"""The operations of campaigns, ad sets, ads, proposals and jobs in the API document."""

from typing import Any

import pydantic

from campaigns.api import ads, answers, bodies, filters
from core.operations import Operation, declare
from core.shapes import PageQuery

CAMPAIGNS, AD_SETS, ADS, PROPOSALS, JOBS = "Campaigns", "Ad sets", "Ads", "Proposals", "Jobs"
CAMPAIGN = "/campaigns/{campaign_id}"
AD_SET = CAMPAIGN + "/ad-sets/{ad_set_id}"
AD = AD_SET + "/ads/{ad_id}"
PENDING = "/pending-actions/{pending_id}"
# What the gate answers with 403, and what a proposal's control fields can meet.
# What dates, place and currency of a campaign are refused for.
PLANNED = (
    "schedule_in_past",
    "schedule_order",
    "target_location_unknown",
    "currency_not_supported",
)
IMAGES = ("fetch_failed", "invalid_image", "image_not_kept")
GATED = (
    "authority_axis_off",
    "kill_switch_active",
    "ceiling_exceeded",
    "policy_refused",
    "duplicate_of",
    "not_pending",
)
DECIDED = ("self_approval", "may_not_decide", "not_pending", "expired")
WAITS = " Where the policy asks for a person's consent, the answer is 202 with the proposal's id."
_TARGETING = {
    "age_min": 21,
    "age_max": 50,
    "locations": [{"type": "country", "value": "US"}],
    "interests": ["cycling"],
}
_CREATIVE = {
    "headline": "Ride into spring",
    "primary_text": "We service your bicycle at your door.",
    "description": "Book in a minute",
    "call_to_action": "book_now",
    "link_url": "https://lumen.example/book",
}


def _change(
    name: str,
    path: str,
    tag: str,
    *,
    reply: tuple[type[pydantic.BaseModel], type[pydantic.BaseModel]],
    errors: tuple[str, ...] = (),
    description: str = "",
    **more: Any,
) -> Operation:
    """A change of something that exists: 200 where it is in force, 202 where it is on its way."""
    said: dict[str, Any] = {
        "method": "POST",
        "body": bodies.Proposal,
        "example": {"rationale": "Asked for by the customer."},
        "description": description + WAITS,
        "answers": {200: reply[0], 202: reply[1]},
        "errors": (*GATED, "archived", *errors),
    }
    return Operation(id=name, path=path, tag=tag, **(said | more))


def _removal(name: str, path: str, tag: str, *, summary: str) -> Operation:
    return Operation(
        id=name,
        method="DELETE",
        path=path,
        tag=tag,
        summary=summary,
        description="Delivery stops; resuming brings it back." + WAITS,
        answers={202: answers.Write, 204: None},
        errors=GATED,
    )


declare(
    Operation(
        id="list_campaigns",
        method="GET",
        path="/campaigns",
        tag=CAMPAIGNS,
        summary="List campaigns",
        query=filters.CampaignQuery,
        answers={200: answers.CampaignPage},
    ),
    Operation(
        id="create_campaign",
        method="POST",
        path="/campaigns",
        tag=CAMPAIGNS,
        summary="Create a campaign",
        description="A draft: nothing reaches the platform before its launch. `name`, `objective` "
        "and a budget are needed; the budget is `daily_budget` or `budget`, at least 10.00 a day.",
        body=bodies.NewCampaignBody,
        answers={201: answers.NewCampaign, 202: answers.CampaignWrite},
        errors=(
            *GATED,
            "plan_limit_reached",
            "business_required",
            "choose_business",
            "campaign_budget_too_low",
            "contradictory_fields",
            "end_date_required",
            *PLANNED,
        ),
        example={
            "name": "Spring tune-up",
            "objective": "TRAFFIC",
            "platforms": ["facebook", "instagram"],
            "budget": {"type": "daily", "amount": 42.5, "currency": "USD"},
            "target_url": "https://lumen.example/tune-up",
        },
    ),
    Operation(
        id="get_campaign",
        method="GET",
        path=CAMPAIGN,
        tag=CAMPAIGNS,
        summary="Read one campaign",
        answers={200: answers.Campaign},
    ),
    _change(
        "update_campaign",
        CAMPAIGN,
        CAMPAIGNS,
        summary="Change a campaign",
        description="Fields that are left out stay as they are; `budget.amount` alone keeps the "
        "budget's type.",
        method="PATCH",
        body=bodies.CampaignBody,
        reply=(answers.Campaign, answers.CampaignWrite),
        errors=(
            "campaign_budget_too_low",
            "contradictory_fields",
            "fixed_after_launch",
            "end_date_required",
            *PLANNED,
        ),
        example={"budget": {"amount": 60}, "rationale": "Returns allow for more."},
    ),
    _removal("archive_campaign", CAMPAIGN, CAMPAIGNS, summary="Archive a campaign"),
    _change(
        "launch_campaign",
        CAMPAIGN + "/launch",
        CAMPAIGNS,
        summary="Launch a campaign",
        description="Makes at the platform what is still local and starts it. Ad account, page and "
        "pixel are the connection's defaults unless named.",
        body=bodies.LaunchBody,
        reply=(answers.Campaign, answers.CampaignWrite),
        errors=(
            "platform_not_connected",
            "choose_ad_account",
            "choose_page",
            "choose_pixel",
            "ad_account_not_active",
            "currency_mismatch",
            "ad_content_missing",
            "objective_not_available",
            *PLANNED,
        ),
    ),
    _change(
        "pause_campaign",
        CAMPAIGN + "/pause",
        CAMPAIGNS,
        summary="Pause a campaign",
        reply=(answers.Campaign, answers.CampaignWrite),
        errors=("not_launched",),
    ),
    _change(
        "resume_campaign",
        CAMPAIGN + "/resume",
        CAMPAIGNS,
        summary="Resume a campaign",
        reply=(answers.Campaign, answers.CampaignWrite),
        errors=("not_launched",),
    ),
    Operation(
        id="list_ad_sets",
        method="GET",
        path=CAMPAIGN + "/ad-sets",
        tag=AD_SETS,
        summary="List a campaign's ad sets",
        query=PageQuery,
        answers={200: answers.AdSetPage},
    ),
    Operation(
        id="create_ad_set",
        method="POST",
        path=CAMPAIGN + "/ad-sets",
        tag=AD_SETS,
        summary="Add an ad set",
        description="`name` and `targeting` are needed." + WAITS,
        body=bodies.NewAdSetBody,
        answers={201: answers.NewAdSet, 202: answers.AdSetWrite},
        errors=(*GATED, "archived", "too_many"),
        example={"name": "City riders", "targeting": _TARGETING},
    ),
    Operation(
        id="get_ad_set",
        method="GET",
        path=AD_SET,
        tag=AD_SETS,
        summary="Read one ad set",
        answers={200: answers.AdSet},
    ),
    _change(
        "update_ad_set",
        AD_SET,
        AD_SETS,
        summary="Change an ad set",
        method="PATCH",
        body=bodies.AdSetBody,
        reply=(answers.AdSet, answers.AdSetWrite),
        example={"targeting": {**_TARGETING, "age_max": 60}},
    ),
    _removal("archive_ad_set", AD_SET, AD_SETS, summary="Archive an ad set"),
    _change(
        "pause_ad_set",
        AD_SET + "/pause",
        AD_SETS,
        summary="Pause an ad set",
        reply=(answers.AdSet, answers.AdSetWrite),
    ),
    _change(
        "resume_ad_set",
        AD_SET + "/resume",
        AD_SETS,
        summary="Resume an ad set",
        reply=(answers.AdSet, answers.AdSetWrite),
    ),
)
declare(
    Operation(
        id="list_ads",
        method="GET",
        path=AD_SET + "/ads",
        tag=ADS,
        summary="List an ad set's ads",
        query=PageQuery,
        answers={200: answers.AdPage},
    ),
    Operation(
        id="create_ad",
        method="POST",
        path=AD_SET + "/ads",
        tag=ADS,
        summary="Add an ad",
        description="`name` and `creative` are needed. An image is fetched from a public https "
        "address and kept: exactly that one is sent." + WAITS,
        body=bodies.NewAdBody,
        answers={201: answers.NewAd, 202: answers.AdWrite},
        errors=(*GATED, "archived", "too_many", "generation_not_found", *IMAGES),
        example={"name": "Message 1", "creative": _CREATIVE},
    ),
    Operation(
        id="get_ad",
        method="GET",
        path=AD,
        tag=ADS,
        summary="Read one ad",
        answers={200: answers.Ad},
    ),
    _change(
        "update_ad",
        AD,
        ADS,
        summary="Change an ad",
        method="PATCH",
        body=bodies.AdBody,
        errors=("generation_not_found", *IMAGES),
        reply=(answers.Ad, answers.AdWrite),
        example={"name": "Message one"},
    ),
    _removal("archive_ad", AD, ADS, summary="Archive an ad"),
    _change(
        "push_creative",
        AD + "/creative",
        ADS,
        summary="Replace what an ad shows",
        method="PUT",
        body=ads.PushBody,
        reply=(answers.Ad, answers.AdWrite),
        example={"creative": {**_CREATIVE, "headline": "Ride into summer"}},
    ),
    _change(
        "pause_ad",
        AD + "/pause",
        ADS,
        summary="Pause an ad",
        reply=(answers.Ad, answers.AdWrite),
    ),
    _change(
        "resume_ad",
        AD + "/resume",
        ADS,
        summary="Resume an ad",
        reply=(answers.Ad, answers.AdWrite),
    ),
    Operation(
        id="list_pending_actions",
        method="GET",
        path="/pending-actions",
        tag=PROPOSALS,
        summary="List proposals",
        query=filters.PendingQuery,
        answers={200: answers.PendingPage},
    ),
    Operation(
        id="get_pending_action",
        method="GET",
        path=PENDING,
        tag=PROPOSALS,
        summary="Read one proposal",
        answers={200: answers.PendingAction},
    ),
    Operation(
        id="approve_pending_action",
        method="POST",
        path=PENDING + "/approve",
        tag=PROPOSALS,
        summary="Approve a proposal",
        description="Nobody decides what they, or a key they descend from, proposed. It can be "
        "undone for some seconds before it is sent.",
        body=bodies.CommentBody,
        answers={200: answers.PendingAction},
        errors=DECIDED,
        example={"comment": "Agreed."},
    ),
    Operation(
        id="reject_pending_action",
        method="POST",
        path=PENDING + "/reject",
        tag=PROPOSALS,
        summary="Reject a proposal",
        body=bodies.CommentBody,
        answers={200: answers.PendingAction},
        errors=(*DECIDED, "reason_required"),
        example={"comment": "Not before the sale."},
    ),
    Operation(
        id="cancel_pending_action",
        method="POST",
        path=PENDING + "/cancel",
        tag=PROPOSALS,
        summary="Withdraw an own proposal",
        body=bodies.CommentBody,
        answers={200: answers.PendingAction},
        errors=("not_the_proposer", "not_pending"),
        example={"comment": "Superseded by a better idea."},
    ),
    Operation(
        id="get_job",
        method="GET",
        path="/jobs/{job_id}",
        tag=JOBS,
        summary="Follow a change to the platform",
        answers={200: answers.Job},
    ),
)
