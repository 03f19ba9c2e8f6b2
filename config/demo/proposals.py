"""Twelve changes an agent proposes and a person finds in the inbox."""

from collections.abc import Iterator
from datetime import date

from campaigns.commands import (
    Command,
    CreateAd,
    CreateAdSet,
    LaunchCampaign,
    Location,
    PauseAd,
    PauseAdSet,
    PauseCampaign,
    PushCreative,
    SetDailyBudget,
    SetSchedule,
    SetTargeting,
    Targeting,
)
from campaigns.gateway.outcome import PENDING
from config.demo.history import MICROS, DemoError, Made, content, do
from core.actors import Actor

COUNT = 12


def budget(made: Made, factor: float) -> SetDailyBudget:
    """Another daily budget, in whole dollars."""
    dollars = round(made.brief.daily_usd * factor)
    return SetDailyBudget(campaign_id=made.campaign, budget_micros=dollars * MICROS, currency="USD")


def wishes(made: dict[str, Made], last_day: date) -> Iterator[tuple[Command, str]]:
    """Commands with the agent's reason, of different kinds and risks."""
    trail, news = made["Trail shoes, autumn"], made["Newsletter sign-ups"]
    winter, candles = made["Winter jackets, preview"], made["Garden candles"]
    honey = made["Honey tasting set"]
    canada = Targeting(
        age_min=25,
        age_max=54,
        locations=(Location(value="US"), Location(value="CA")),
        interests=("Trail running",),
    )
    yield budget(trail, 1.2), "Spend follows conversions: cost per sale is under the goal."
    yield budget(honey, 4), "The tasting set sells out at the current pace; scale it."
    yield budget(candles, 0.75), "Frequency is rising; the same sales cost less."
    yield LaunchCampaign(campaign_id=winter.campaign), "The preview is due this week."
    yield PauseCampaign(campaign_id=news.campaign), "Sign-ups cost twice last month's."
    yield (
        SetSchedule(campaign_id=candles.campaign, end_date=last_day),
        "The garden season ends; stop on the last warm weekend.",
    )
    yield (
        SetTargeting(ad_set_id=trail.ad_sets[0], targeting=canada),
        "A fifth of the orders ship to Canada.",
    )
    yield (
        PushCreative(ad_id=candles.ads[0], creative=content(candles.brief, "Light that lasts")),
        "The headline has run for sixty days and tires.",
    )
    yield (
        CreateAdSet(campaign_id=trail.campaign, name="Ultra runners", targeting=canada),
        "Long-distance runners buy the second pair.",
    )
    yield (
        CreateAd(
            ad_set_id=trail.ad_sets[1],
            name="Dry feet",
            creative=content(trail.brief, "Dry feet, all day"),
        ),
        "A third message to test against the two that run.",
    )
    yield PauseAd(ad_id=trail.ads[-1]), "Lowest click rate of the campaign for a week."
    yield PauseAdSet(ad_set_id=news.ad_sets[0]), "This audience is exhausted."


def propose(agent: Actor, made: list[Made], *, last_day: date) -> int:
    """Submit as the agent until `COUNT` changes wait; raises DemoError when they do not."""
    waiting = 0
    found = list(wishes({one.brief.name: one for one in made}, last_day))
    for command, reason in reversed(found):  # the inbox shows the newest first
        waiting += do(agent, command, rationale=reason).status == PENDING
    if waiting != COUNT:
        raise DemoError(f"{waiting} proposals wait instead of {COUNT}")
    return waiting
