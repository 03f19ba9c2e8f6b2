"""What governs a business: authority, policy, ceilings, kill switch."""

from campaigns.services.ceilings import remove_ceiling, set_ceiling
from campaigns.services.kill import engage_kill_switch, release_kill_switch
from campaigns.services.policy import set_authority, set_policy

__all__ = [
    "engage_kill_switch",
    "release_kill_switch",
    "remove_ceiling",
    "set_authority",
    "set_ceiling",
    "set_policy",
]
