"""Writes of the room `platforms`: consent links, connections, ad accounts and their defaults."""

from platforms.services.assets import choose_defaults, refresh_assets
from platforms.services.connect import finish_connect, open_link, start_connect
from platforms.services.grants import (
    ConnectionInUseError,
    check_health,
    disconnect,
    expire_due,
    mark_expired,
)
from platforms.services.uses import Use, register_uses

__all__ = [
    "ConnectionInUseError",
    "Use",
    "check_health",
    "choose_defaults",
    "disconnect",
    "expire_due",
    "finish_connect",
    "mark_expired",
    "open_link",
    "refresh_assets",
    "register_uses",
    "start_connect",
]
