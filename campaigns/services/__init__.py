"""What governs a business: authority, policy, ceilings, kill switch."""

from campaigns.services.ceilings import remove_ceiling, set_ceiling
from campaigns.services.kill import engage_kill_switch, release_kill_switch
from campaigns.services.policy import set_authority, set_policy
from campaigns.services.policy_changes import cancel_change, confirm_change

__all__ = [
    "cancel_change",
    "confirm_change",
    "engage_kill_switch",
    "release_kill_switch",
    "remove_ceiling",
    "set_authority",
    "set_ceiling",
    "set_policy",
]
