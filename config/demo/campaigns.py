"""The demo's campaigns: what each business advertises, and the day it was launched."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Brief:
    """One campaign to create and launch `day` days after the beginning; None stays a draft."""

    business: int
    name: str
    objective: str
    daily_usd: int
    day: int | None
    audiences: tuple[str, ...]
    headlines: tuple[str, ...]
    url: str


CAMPAIGNS = (
    Brief(
        0,
        "Cold brew, summer",
        "CONVERSIONS",
        60,
        0,
        ("Coffee lovers", "Office managers"),
        ("Cold brew by the case", "Brewed slow, poured fast"),
        "https://harbor-coffee.example/cold-brew",
    ),
    Brief(
        0,
        "Subscription starter box",
        "CONVERSIONS",
        35,
        20,
        ("Home baristas",),
        ("Four roasts a month", "Freshly roasted, at your door"),
        "https://harbor-coffee.example/box",
    ),
    Brief(
        1,
        "Trail shoes, autumn",
        "CONVERSIONS",
        80,
        0,
        ("Trail runners", "Weekend hikers"),
        ("Grip that holds", "Made for wet rock"),
        "https://alpine.example/trail",
    ),
    Brief(
        1,
        "Newsletter sign-ups",
        "LEADS",
        25,
        10,
        ("Hikers",),
        ("A route a week", "Weekend routes by mail"),
        "https://alpine.example/news",
    ),
    Brief(
        1,
        "Winter jackets, preview",
        "TRAFFIC",
        45,
        None,
        ("Skiers",),
        ("Warm at minus twenty",),
        "https://alpine.example/winter",
    ),
    Brief(
        2,
        "Garden candles",
        "CONVERSIONS",
        40,
        0,
        ("Gift givers", "Garden owners"),
        ("Beeswax, hand-poured", "Evenings outside"),
        "https://willow.example/candles",
    ),
    Brief(
        2,
        "Honey tasting set",
        "TRAFFIC",
        20,
        30,
        ("Food lovers",),
        ("Five honeys, one box",),
        "https://willow.example/honey",
    ),
)
