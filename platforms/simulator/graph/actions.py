"""Conversions and clicks as Graph's action lists."""

from decimal import Decimal
from typing import Any

from platforms.simulator import money
from platforms.simulator.facts import Totals
from platforms.simulator.models import Node

LANDED = Decimal("0.82")  # of link clicks see the landing page
WINDOW_DAYS = {"1d_click": 1, "7d_click": 7, "28d_click": 28}
ALL_DAYS = 30
ACTION_TYPES = {
    "PURCHASE": ("omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase"),
    "LEAD": ("lead", "offsite_conversion.fb_pixel_lead"),
    "APP_INSTALL": ("omni_app_install", "mobile_app_install"),
}
BY_OBJECTIVE = {"OUTCOME_LEADS": "LEAD", "OUTCOME_APP_PROMOTION": "APP_INSTALL"}


def event_of(ad_set: Node, campaign: Node) -> str:
    """The event an ad's conversions are: what its ad set asks for, else what its objective is."""
    asked = (ad_set.data.get("promoted_object") or {}).get("custom_event_type")
    return asked or BY_OBJECTIVE.get(campaign.data.get("objective", ""), "PURCHASE")


def types_of(event: str) -> tuple[str, ...]:
    """The overlapping action types under which Graph reports one event."""
    word = event.lower()
    return ACTION_TYPES.get(event, (word, f"offsite_conversion.fb_pixel_{word}"))


def actions(totals: Totals, events: dict[str, Totals], windows: list[str]) -> list[dict[str, str]]:
    """`actions`: clicks, page views and every event under all its names."""
    landed = int(totals.link_clicks * LANDED)
    clicks = {
        "link_click": totals.link_clicks,
        "landing_page_view": landed,
        "post_engagement": totals.clicks,
    }
    found = [
        _entry(name, str(count), dict.fromkeys(windows, str(count)))
        for name, count in clicks.items()
        if count
    ]
    return found + conversions(events, windows)


def conversions(events: dict[str, Totals], windows: list[str]) -> list[dict[str, str]]:
    """Every event's count under all its names."""
    return [
        _entry(name, str(count), {key: str(own.converted(_days(key))[0]) for key in windows})
        for event, own in sorted(events.items())
        if (count := own.converted(ALL_DAYS)[0])
        for name in types_of(event)
    ]


def values(events: dict[str, Totals], windows: list[str], currency: str) -> list[dict[str, str]]:
    """`action_values`: what the events were worth."""

    def worth(own: Totals, days: int) -> str:
        return money.text(own.converted(days)[1], currency)

    return [
        _entry(name, worth(own, ALL_DAYS), {key: worth(own, _days(key)) for key in windows})
        for event, own in sorted(events.items())
        if own.converted(ALL_DAYS)[0]
        for name in types_of(event)
    ]


def roas(events: dict[str, Totals], spend: int) -> list[dict[str, str]]:
    """`purchase_roas`: worth of purchases over spend."""
    own = events.get("PURCHASE")
    if own is None or not spend or not own.converted(ALL_DAYS)[1]:
        return []
    value = money.ratio(own.converted(ALL_DAYS)[1], spend)
    return [{"action_type": "omni_purchase", "value": value}]


def per_action(found: list[dict[str, str]], spend: str) -> list[dict[str, Any]]:
    """`cost_per_action_type`."""
    return [
        {
            "action_type": one["action_type"],
            "value": money.ratio(Decimal(spend), Decimal(one["value"])),
        }
        for one in found
    ]


def _days(window: str) -> int:
    return WINDOW_DAYS.get(window, ALL_DAYS if window == "default" else 0)


def _entry(name: str, value: str, windows: dict[str, str]) -> dict[str, str]:
    return {"action_type": name, "value": value} | {
        key: one for key, one in windows.items() if key != "default"
    }
