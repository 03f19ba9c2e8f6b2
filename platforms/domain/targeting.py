"""What of a targeting a platform will not hear of. Pure, so that every face can say so."""

from collections.abc import Mapping
from typing import Any


def unsent_interests(targeting: Mapping[str, Any]) -> list[str]:
    """Interests that stay with us because they are words: Meta takes interests by its own ids."""
    return [
        str(item.get("name", "") if isinstance(item, Mapping) else item)
        for item in targeting.get("interests") or ()
        if not (isinstance(item, Mapping) and item.get("id"))
    ]
