"""Sixty days at the simulated network: campaigns launched through the gate, delivered by the
simulator, read back like any other platform.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from campaigns.commands import (
    Command,
    CreateAd,
    CreateAdSet,
    CreateCampaign,
    CreativeContent,
    LaunchCampaign,
    Location,
    Targeting,
)
from campaigns.dispatch.loop import run_once
from campaigns.gateway import Outcome, submit
from campaigns.sync import sync_connection
from config.demo import network
from config.demo.campaigns import CAMPAIGNS, Brief
from config.demo.people import DemoCast
from config.demo.state import DAYS
from core.actors import Actor, Role
from core.clock import now
from core.ids import encode
from platforms.models import Connection

MICROS = 1_000_000
STEP_DAYS = 5


class DemoError(RuntimeError):
    """The demo's data could not be made."""


@dataclass
class Made:
    """Public ids of one campaign of the demo."""

    brief: Brief
    campaign: str
    ad_sets: list[str] = field(default_factory=list)
    ads: list[str] = field(default_factory=list)


def do(actor: Actor, command: Command, *, rationale: str = "") -> Outcome:
    """Submit one command; raises DemoError for a denial, which the demo does not expect."""
    source = "agent" if rationale else ""
    outcome = submit(command, actor=actor, now=now(), rationale=rationale, rationale_source=source)
    if outcome.is_denied:
        raise DemoError(f"{command.kind} was denied: {outcome.reason} {outcome.detail}")
    return outcome


def content(brief: Brief, headline: str) -> CreativeContent:
    """What an ad of the brief says."""
    return CreativeContent(
        headline=headline,
        primary_text=f"{brief.name}. {headline}.",
        description="Free delivery this week",
        call_to_action="learn_more",
        link_url=brief.url,
    )


def create(cast: DemoCast, brief: Brief) -> Made:
    """The local campaign with an ad set per audience and an ad per headline."""
    buyer = cast.actors[Role.BUYER]
    made = Made(brief, "")
    campaign = CreateCampaign(
        business_id=encode("biz", cast.businesses[brief.business].pk),
        name=brief.name,
        objective=brief.objective,
        budget_micros=brief.daily_usd * MICROS,
        currency="USD",
        message=brief.headlines[0],
        target_url=brief.url,
        target_location="US",
    )
    made.campaign = do(buyer, campaign).created_id
    for audience in brief.audiences:
        targeting = Targeting(
            age_min=21, age_max=60, locations=(Location(value="US"),), interests=(audience,)
        )
        ad_set = CreateAdSet(campaign_id=made.campaign, name=audience, targeting=targeting)
        made.ad_sets.append(do(buyer, ad_set).created_id)
        for headline in brief.headlines:
            ad = CreateAd(
                ad_set_id=made.ad_sets[-1], name=headline, creative=content(brief, headline)
            )
            made.ads.append(do(buyer, ad).created_id)
    return made


def play(
    cast: DemoCast, connections: Iterable[Connection], *, say: Callable[[str], None]
) -> list[Made]:
    """Create and launch every campaign on its day, let the days pass, read delivery back."""
    grants = list(connections)
    made = [create(cast, brief) for brief in CAMPAIGNS]
    for day in range(0, DAYS, STEP_DAYS):
        for one in made:
            if one.brief.day == day:
                do(cast.actors[Role.BUYER], LaunchCampaign(campaign_id=one.campaign))
        run_once(now())
        network.advance(STEP_DAYS)
        for connection in grants:
            sync_connection(connection.pk, now=now())
        say(f"simulated delivery: day {day + STEP_DAYS} of {DAYS}")
    return made
