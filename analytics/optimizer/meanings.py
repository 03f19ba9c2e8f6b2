"""What every word of rules and suggestions means, for the API document."""

METRIC = {
    "ctr": "clicks of 100 impressions",
    "cvr": "conversions of 100 clicks",
    "cpc": "cost of a click",
    "cpm": "cost of 1,000 impressions",
    "cpa": "cost of a conversion",
    "roas": "value of conversions for each unit spent",
    "spend": "amount spent",
    "impressions": "number of impressions",
    "clicks": "number of clicks",
    "conversions": "number of conversions",
}
OPERATOR = {
    "lt": "below the value",
    "lte": "at most the value",
    "gt": "above the value",
    "gte": "at least the value",
}
ACTION = {
    "pause_ad": "pause each ad that matches",
    "pause_ad_set": "pause each ad set that matches",
    "pause_campaign": "pause each campaign that matches",
    "increase_budget": "raise the daily budget by `percent`, up to `limit`",
    "decrease_budget": "lower the daily budget by `percent`, down to `limit`",
}
OWNER = {
    "user": "a person",
    "api_key": "an API key",
    "oauth_app": "an app that a person allowed",
}
STOPPED = {
    "membership_ended": "the owner is no longer a member",
    "key_ended": "the owner's key was revoked or has expired",
    "access_ended": "the app's access was taken back or has expired",
    "business_not_allowed": "the owner is limited to other businesses",
    "scope_missing": "the owner may no longer do what the rule does",
}
TARGET = {"campaign": "a campaign", "ad_set": "an ad set", "ad": "an ad"}
FIRED = {
    "applied": "in force",
    "dispatching": "on its way to the platform",
    "pending_approval": "waits for a person",
    "denied": "the policy said no; `reason` says why",
    "refused": "the change was not possible; `reason` is the error's code",
}
SUGGESTION = {
    "new_message": "give a weak ad the words of a better one",
    "new_image": "give a weak ad the image of a better one",
    "similar_audience": "widen the ages of the best ad set",
    "pause_ad": "pause a weak ad",
    "shift_budget": "pause a weak ad set, so that the campaign's budget goes to the others",
    "raise_budget": "raise the daily budget by a fifth",
    "lower_budget": "lower the daily budget by a fifth",
}
IMPACT = {
    "high": "at least 10 % of the spend would go further",
    "medium": "at least 3 %",
    "low": "less",
}
NOTHING = {
    "not_running": "the campaign is not active",
    "facts_not_read": "the last full day has not been read yet",
    "nothing_to_compare": "there is nothing beside it",
    "sample_too_small": "too little was delivered to tell",
    "no_certain_difference": "what differs may be chance",
    "same_already": "the two say or show the same",
    "no_image": "the better ad has no image",
    "image_not_kept": "the ad's own image is not kept here",
    "already_wide": "the ages are as wide as they go",
    "lifetime_budget": "the budget is not a daily one",
    "budget_not_used_up": "the campaign does not spend its budget",
    "at_limit": "the budget is the smallest the platform takes",
}
