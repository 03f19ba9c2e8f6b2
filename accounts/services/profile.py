"""What a person sets about themselves: names and how the dashboard looks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.evidence import record_audit
from core.actors import Actor
from core.errors import InvalidError
from core.tenancy import tenant_tx

NAMES = frozenset({"first_name", "last_name"})
PREFERENCES = frozenset({"theme", "shortcuts_enabled", "language"})
THEMES = ("", "light", "dark")


def change_names(actor: Actor, changes: Mapping[str, str], *, now: datetime) -> None:
    """Set first_name and last_name of the actor's person."""
    _change(actor, {name: changes[name] for name in NAMES & set(changes)}, now=now)


def change_preferences(actor: Actor, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Set theme (empty follows the system), shortcuts_enabled, language. Raises InvalidError."""
    if changes.get("theme", "") not in THEMES:
        raise InvalidError(_("Unknown theme."), field="theme")
    _change(actor, {name: changes[name] for name in PREFERENCES & set(changes)}, now=now)


def _change(actor: Actor, changes: Mapping[str, Any], *, now: datetime) -> None:
    if not changes or actor.user_id is None:
        return
    with tenant_tx(actor.tenant_id):
        User.objects.filter(pk=actor.user_id).update(**changes)
        record_audit(
            actor,
            "account.profile_changed",
            now=now,
            target_type="user",
            target_id=actor.roots[-1],
            facts={"fields": sorted(changes)},
            detail=dict(changes),
        )
