"""Tables of the room `campaigns`."""

from campaigns.models.actions import Dispatch, DispatchStep, PendingAction
from campaigns.models.policy import (
    Authority,
    BusinessPolicy,
    KillSwitch,
    PolicyChange,
    SpendCeiling,
    SpendExposure,
    SpendReservation,
)
from campaigns.models.tree import Ad, AdSet, Campaign, Creative

__all__ = [
    "Ad",
    "AdSet",
    "Authority",
    "BusinessPolicy",
    "Campaign",
    "Creative",
    "Dispatch",
    "DispatchStep",
    "KillSwitch",
    "PendingAction",
    "PolicyChange",
    "SpendCeiling",
    "SpendExposure",
    "SpendReservation",
]
