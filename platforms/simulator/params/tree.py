"""Parameters of campaign, ad set, ad and label calls."""

from typing import Annotated, Literal

from pydantic import Field

from platforms.simulator.params.common import (
    Flag,
    FromJson,
    GraphId,
    Labels,
    Map,
    Maps,
    Params,
    Status,
    Texts,
    Time,
    Unsigned,
)
from platforms.simulator.params.targeting import Targeting

Name = Annotated[str, Field(min_length=1, max_length=400)]
Objective = Literal[
    "OUTCOME_AWARENESS",
    "OUTCOME_TRAFFIC",
    "OUTCOME_ENGAGEMENT",
    "OUTCOME_LEADS",
    "OUTCOME_APP_PROMOTION",
    "OUTCOME_SALES",
]
BidStrategy = Literal[
    "LOWEST_COST_WITHOUT_CAP", "LOWEST_COST_WITH_BID_CAP", "COST_CAP", "LOWEST_COST_WITH_MIN_ROAS"
]
SpecialCategory = Literal[
    "NONE",
    "EMPLOYMENT",
    "HOUSING",
    "CREDIT",
    "ISSUES_ELECTIONS_POLITICS",
    "ONLINE_GAMBLING_AND_GAMING",
    "FINANCIAL_PRODUCTS_SERVICES",
]
Options = Annotated[
    list[Literal["validate_only", "include_recommendations", "synchronous_ad_review"]], FromJson
]


class CampaignBody(Params):
    """What create and update of a campaign share."""

    status: Status = "ACTIVE"
    daily_budget: Unsigned | None = None
    lifetime_budget: Unsigned | None = None
    bid_strategy: BidStrategy | None = None
    spend_cap: Unsigned | None = None
    start_time: Time | None = None
    stop_time: Time | None = None
    special_ad_category_country: Texts | None = None
    is_adset_budget_sharing_enabled: Flag | None = None
    pacing_type: Texts | None = None
    promoted_object: Map | None = None
    adlabels: Labels = []
    execution_options: Options = []


class CampaignCreate(CampaignBody):
    name: Name
    objective: Objective
    special_ad_categories: Annotated[list[SpecialCategory], FromJson]
    buying_type: Literal["AUCTION", "RESERVED"] = "AUCTION"


class CampaignUpdate(CampaignBody):
    name: Name | None = None
    special_ad_categories: Annotated[list[SpecialCategory], FromJson] | None = None


BillingEvent = Literal[
    "IMPRESSIONS",
    "LINK_CLICKS",
    "THRUPLAY",
    "PAGE_LIKES",
    "POST_ENGAGEMENT",
    "APP_INSTALLS",
    "CLICKS",
    "PURCHASE",
]
Goal = Literal[
    "AD_RECALL_LIFT",
    "APP_INSTALLS",
    "APP_INSTALLS_AND_OFFSITE_CONVERSIONS",
    "CONVERSATIONS",
    "ENGAGED_USERS",
    "EVENT_RESPONSES",
    "IMPRESSIONS",
    "LANDING_PAGE_VIEWS",
    "LEAD_GENERATION",
    "LINK_CLICKS",
    "OFFSITE_CONVERSIONS",
    "PAGE_LIKES",
    "POST_ENGAGEMENT",
    "PROFILE_VISIT",
    "QUALITY_CALL",
    "QUALITY_LEAD",
    "REACH",
    "THRUPLAY",
    "VALUE",
    "VISIT_INSTAGRAM_PROFILE",
]
CustomEvent = Literal[
    "ADD_PAYMENT_INFO",
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "COMPLETE_REGISTRATION",
    "CONTACT",
    "CONTENT_VIEW",
    "CUSTOMIZE_PRODUCT",
    "DONATE",
    "FIND_LOCATION",
    "INITIATED_CHECKOUT",
    "LEAD",
    "OTHER",
    "PURCHASE",
    "SCHEDULE",
    "SEARCH",
    "START_TRIAL",
    "SUBMIT_APPLICATION",
    "SUBSCRIBE",
]


class PromotedObject(Params):
    pixel_id: GraphId | None = None
    custom_event_type: CustomEvent | None = None
    page_id: GraphId | None = None
    application_id: GraphId | None = None
    object_store_url: str | None = None
    custom_conversion_id: GraphId | None = None


class AttributionWindow(Params):
    event_type: Literal["CLICK_THROUGH", "VIEW_THROUGH", "ENGAGED_VIDEO_VIEW"]
    window_days: Literal[0, 1, 7]


class AdSetBody(Params):
    """What create and update of an ad set share."""

    status: Status = "ACTIVE"
    daily_budget: Unsigned | None = None
    lifetime_budget: Unsigned | None = None
    daily_min_spend_target: Unsigned | None = None
    daily_spend_cap: Unsigned | None = None
    bid_strategy: BidStrategy | None = None
    bid_amount: Unsigned | None = None
    billing_event: BillingEvent | None = None
    optimization_goal: Goal | None = None
    targeting: Annotated[Targeting, FromJson] | None = None
    promoted_object: Annotated[PromotedObject, FromJson] | None = None
    attribution_spec: Annotated[list[AttributionWindow], FromJson] | None = None
    destination_type: (
        Literal["WEBSITE", "APP", "MESSENGER", "ON_AD", "ON_POST", "ON_PAGE"] | None
    ) = None
    start_time: Time | None = None
    end_time: Time | None = None
    dsa_beneficiary: str | None = None
    dsa_payor: str | None = None
    pacing_type: Texts | None = None
    adset_schedule: Maps | None = None
    frequency_control_specs: Maps | None = None
    regional_regulated_categories: Texts | None = None
    adlabels: Labels = []
    execution_options: Options = []


class AdSetCreate(AdSetBody):
    name: Name
    campaign_id: GraphId
    is_dynamic_creative: Flag | None = None
    billing_event: BillingEvent
    optimization_goal: Goal
    targeting: Annotated[Targeting, FromJson]


class AdSetUpdate(AdSetBody):
    name: Name | None = None


class CreativeRef(Params):
    creative_id: GraphId


class AdBody(Params):
    """What create and update of an ad share."""

    status: Status = "ACTIVE"
    conversion_domain: str | None = None
    tracking_specs: Maps | Map | None = None
    adlabels: Labels = []
    execution_options: Options = []


class AdCreate(AdBody):
    name: Name
    adset_id: GraphId
    creative: Annotated[CreativeRef, FromJson]


class AdUpdate(AdBody):
    name: Name | None = None
    creative: Annotated[CreativeRef, FromJson] | None = None


class LabelCreate(Params):
    name: Name


class CreativeUpdate(Params):
    """A creative's content is fixed; only its name, status and labels change."""

    name: Name | None = None
    status: Literal["ACTIVE", "DELETED"] = "ACTIVE"
    adlabels: Labels = []


class PixelCreate(Params):
    name: Name


UPDATES: dict[str, type[CampaignUpdate | AdSetUpdate | AdUpdate | CreativeUpdate]] = {
    "campaign": CampaignUpdate,
    "adset": AdSetUpdate,
    "ad": AdUpdate,
    "creative": CreativeUpdate,
}
