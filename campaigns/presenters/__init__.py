"""How campaigns and changes look outside."""

from campaigns.presenters.actions import change_json, inbox_url, job_json, pending_json
from campaigns.presenters.tree import (
    AD_COLUMNS,
    AD_SET_COLUMNS,
    CAMPAIGN_COLUMNS,
    FACTS,
    SEPARATOR,
    WORDS,
    ad_json,
    ad_set_json,
    campaign_json,
)

__all__ = [
    "AD_COLUMNS",
    "AD_SET_COLUMNS",
    "CAMPAIGN_COLUMNS",
    "FACTS",
    "SEPARATOR",
    "WORDS",
    "ad_json",
    "ad_set_json",
    "campaign_json",
    "change_json",
    "inbox_url",
    "job_json",
    "pending_json",
]
