"""Writes of the room `platforms`: consent links, connections, ad accounts and their defaults."""

from platforms.services.assets import choose_defaults, refresh_assets
from platforms.services.connect import finish_connect, open_link, start_connect
from platforms.services.grants import check_health, disconnect, expire_due, mark_expired

__all__ = [
    "check_health",
    "choose_defaults",
    "disconnect",
    "expire_due",
    "finish_connect",
    "mark_expired",
    "open_link",
    "refresh_assets",
    "start_connect",
]
