"""What every word of the campaign surface means, for the API document."""

OBJECTIVE = {
    "CONVERSIONS": "purchases and other actions on a website",
    "TRAFFIC": "visits to a website",
    "AWARENESS": "as many people as possible",
    "ENGAGEMENT": "reactions, comments and shares",
    "LEADS": "contact details",
    "APP_INSTALLS": "installed apps; Meta cannot launch them yet",
}
STATUS = {
    "DRAFT": "only here; nothing is at the platform",
    "ACTIVE": "delivers, as far as budget and schedule allow",
    "PAUSED": "delivers nothing until it is resumed",
    "COMPLETED": "its schedule has ended",
    "ARCHIVED": "put away; resuming brings it back",
    "DELETED": "gone at the platform",
}
BUDGET_TYPE = {"daily": "an amount a day", "lifetime": "an amount for the whole schedule"}
PUBLISHER = {"facebook": "shown on Facebook", "instagram": "shown on Instagram"}
CALL_TO_ACTION = {
    "learn_more": "Learn more",
    "sign_up": "Sign up",
    "shop_now": "Shop now",
    "book_now": "Book now",
    "contact_us": "Contact us",
    "download": "Download",
    "get_offer": "Get offer",
    "get_quote": "Get quote",
    "subscribe": "Subscribe",
    "apply_now": "Apply now",
    "install_app": "Install app",
    "order_now": "Order now",
    "watch_more": "Watch more",
}
STRATEGY = {
    "maximize_conversions": "most conversions for the budget",
    "maximize_clicks": "most clicks for the budget",
    "maximize_roas": "highest return on the spend",
    "minimize_cpa": "lowest cost of a conversion",
    "balanced": "volume and cost alike",
}
FREQUENCY = {
    "hourly": "looks every hour",
    "every_6_hours": "looks every six hours",
    "daily": "looks once a day",
    "weekly": "looks once a week",
}
LOCATION_TYPE = {"country": "a country by ISO code or English name"}
AXIS = {
    "creative": "what ads show",
    "tactical": "budget, schedule, targeting",
    "structural": "what exists and whether it runs",
}
RISK = {
    "low": "easily taken back",
    "medium": "costs more, stops delivery or restarts learning",
    "high": "starts spending, raises the budget by half or more, or nears a ceiling",
}
RISK_REASON = {
    "starts_spending": "money is spent from then on",
    "four_eyes": "the amount needs a second person",
    "takes_most_headroom": "most of what a ceiling leaves is used",
    "budget_up_half": "the budget rises by half or more",
    "budget_up": "the budget rises",
    "restarts_learning": "the platform learns anew",
    "irreversible": "cannot be taken back",
    "stops_delivery": "delivery stops",
}
PENDING_STATUS = {
    "pending": "waits for a person",
    "approved": "approved; may still be undone for a moment",
    "dispatched": "in force at the platform",
    "dispatch_failed": "approved, but the platform refused it",
    "conflict": "the platform's value had moved; nothing was sent",
    "rejected": "a person said no",
    "expired": "nobody decided in time",
    "superseded": "a newer proposal took its place",
    "cancelled": "its proposer withdrew it",
}
JOB_STATUS = {
    "ready": "waits for its turn",
    "sent": "is being carried out",
    "done": "in force at the platform",
    "failed": "ended; see `error`",
    "unknown": "the platform's answer is missing and is being looked up",
    "held": "stopped before it was sent, or waits for a person",
}
STEP_KIND = {
    "create_campaign": "makes the campaign, paused",
    "create_ad_set": "makes an ad set, paused",
    "upload_image": "uploads an image",
    "create_creative": "makes a creative",
    "create_ad": "makes an ad, paused",
    "update": "changes fields",
    "set_status": "starts, pauses or archives",
}
ERROR_KIND = {
    "auth": "the token is no longer taken; connect again",
    "permission": "the person at the platform may not do this",
    "invalid": "the platform refuses the values",
    "rate_limited": "too many calls; it is tried again",
    "not_found": "the object is not at the platform",
    "unavailable": "the platform is down; it is tried again",
    "unknown": "the answer is missing; it is looked up before anything else",
    "held": "something here stopped it before it was sent",
    "conflict": "the platform's value had moved",
    "withdrawn": "its approval was undone, or it was given up",
}
ENTITY = {
    "campaign": "a campaign",
    "ad_set": "an ad set",
    "ad": "an ad",
    "creative": "a creative",
}
WRITE_STATUS = {
    "applied": "in force",
    "dispatching": "on its way to the platform: poll the job",
    "LAUNCHING": "the launch is on its way to the platform: poll the job",
    "pending_approval": "waits for a person: poll the proposal",
    "PENDING_APPROVAL": "the launch waits for a person: poll the proposal",
}
PROPOSER = {
    "user": "a person",
    "api_key": "an agent's key",
    "oauth_app": "an app with somebody's consent",
    "optimizer": "the optimizer",
    "platform": "somebody at the platform's own screens",
    "system": "the product itself",
}
