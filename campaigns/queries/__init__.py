"""Reads of the room `campaigns`."""

from campaigns.queries.gate import (
    ceiling_states,
    default_modes,
    gate_state,
    refusal_at_claim,
    replay_verdict,
)
from campaigns.queries.pending import (
    count_capped,
    get_pending,
    list_pending,
    open_of_campaign,
)
from campaigns.queries.tree import (
    get_ad,
    get_ad_set,
    get_campaign,
    list_ad_sets,
    list_ads,
    visible,
)

__all__ = [
    "ceiling_states",
    "count_capped",
    "default_modes",
    "gate_state",
    "get_ad",
    "get_ad_set",
    "get_campaign",
    "get_pending",
    "list_ad_sets",
    "list_ads",
    "list_pending",
    "open_of_campaign",
    "refusal_at_claim",
    "replay_verdict",
    "visible",
]
