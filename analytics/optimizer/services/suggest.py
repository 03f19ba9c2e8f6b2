"""What would make a campaign do better, by the last two weeks. The one door of every optimizer:
`suggest(campaign)` answers with changes, each with its evidence and its command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from analytics.optimizer import queries
from analytics.optimizer.domain.actions import DEFAULT_PERCENT, Action, next_budget
from analytics.optimizer.domain.comparing import (
    ENOUGH_CONVERSIONS,
    ENOUGH_IMPRESSIONS,
    Standout,
    impact_of,
    metric_for,
    standouts,
)
from analytics.optimizer.domain.conditions import (
    DEFAULT_CERTAINTY,
    MILLION,
    Metric,
    Reading,
    Sums,
    read_metric,
)
from analytics.optimizer.presenters import evidence_json, number
from campaigns.commands import Command, restore
from campaigns.domain.minimums import minimum_micros
from campaigns.models import Ad, AdSet, Campaign
from core.ids import encode
from core.money import minor_micros

WINDOW_DAYS = 14
STRATEGIES = (
    "new_message",
    "new_image",
    "similar_audience",
    "pause_ad",
    "shift_budget",
    "raise_budget",
    "lower_budget",
)
RAISES_AT, LOWERS_AT = 2 * MILLION, MILLION  # what a unit of money must surely return
USES_ITS_BUDGET = 0.8
YOUNGEST, OLDEST, WIDER = 18, 65, 5
WORDS = ("headline", "primary_text", "description", "call_to_action")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One change; `target` is the object that the command changes, and nothing else."""

    type: str
    impact: str
    description: str
    evidence: dict[str, Any]
    command: Command
    target: Campaign | AdSet | Ad


@dataclass(slots=True)
class Findings:
    """Suggestions, and for each strategy that has none the reason."""

    suggestions: list[Suggestion] = field(default_factory=list)
    nothing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all strategies look at: running ads and ad sets with their sums over the window, and
    the business's running campaigns in the same currency.
    """

    campaign: Campaign
    since: date
    until: date
    ads: dict[UUID, Ad]
    ad_sets: dict[UUID, AdSet]
    by_ad: dict[UUID, Sums]
    by_ad_set: dict[UUID, Sums]
    by_campaign: dict[UUID, Sums]

    @property
    def own(self) -> Sums:
        """The campaign's sums."""
        return self.by_campaign.get(self.campaign.pk, Sums())

    def evidence(
        self, metric: Metric, reading: Reading, *, sums: Sums, rest: Reading | None = None
    ) -> dict[str, Any]:
        """The reading in public form, beside that of what it was compared with."""
        said = evidence_json(
            metric,
            reading,
            sums,
            since=self.since,
            until=self.until,
            certainty=DEFAULT_CERTAINTY,
            currency=self.campaign.currency,
        )
        return {**said, "compared_with": None if rest is None else _compared(rest)}


def _compared(rest: Reading) -> dict[str, Any]:
    high = None if rest.high is None else number(rest.high)
    interval = {"low": number(rest.low or 0), "high": high, "percent": DEFAULT_CERTAINTY}
    return {"value": number(float(rest.value)), "n": rest.n, "interval": interval}


Found = Suggestion | str


def suggest(campaign: Campaign, *, now: datetime) -> list[Suggestion]:
    """Every change that the last two weeks speak for; reads only, inside the tenant's scope."""
    return findings(campaign, STRATEGIES, now=now).suggestions


def findings(campaign: Campaign, strategies: tuple[str, ...], *, now: datetime) -> Findings:
    """The same for some strategies, with the reason where one has nothing to say."""
    result = Findings()
    until = queries.last_full_day(campaign.ad_account, now=now)
    if campaign.status != "ACTIVE" or until is None:
        reason = "not_running" if campaign.status != "ACTIVE" else "facts_not_read"
        result.nothing = dict.fromkeys(strategies, reason)
        return result
    ground = _ground(campaign, until)
    for name in strategies:
        found = _FINDERS[name](ground)
        if isinstance(found, str):
            result.nothing[name] = found
        else:
            result.suggestions.append(found)
    return result


def _ground(campaign: Campaign, until: date) -> Ground:
    since = until - timedelta(days=WINDOW_DAYS - 1)
    ads = {row.pk: row for row in queries.running_ads(campaign)}
    ad_sets = {row.pk: row for row in queries.running_ad_sets(campaign)}
    by_ad = queries.window_sums("ad", [campaign.pk], since=since, until=until)
    by_ad_set = queries.window_sums("ad_set", [campaign.pk], since=since, until=until)
    peers = queries.running_peers(campaign)
    return Ground(
        campaign=campaign,
        since=since,
        until=until,
        ads=ads,
        ad_sets=ad_sets,
        by_ad={key: sums for key, sums in by_ad.items() if key in ads},
        by_ad_set={key: sums for key, sums in by_ad_set.items() if key in ad_sets},
        by_campaign=queries.window_sums("campaign", peers, since=since, until=until),
    )


def _command(kind: str, **payload: Any) -> Command:
    return restore(kind, {"schema_version": 1, **payload})


def _weak_ad(ground: Ground) -> Standout[UUID] | str:
    if len(ground.ads) < 2:
        return "nothing_to_compare"
    found = standouts(ground.by_ad, metric_for(ground.own), worse=True)
    return found[0] if found else "no_certain_difference"


def _of_ad(
    ground: Ground, weak: Standout[UUID], kind: str, *, text: str, **payload: Any
) -> Suggestion:
    ad = ground.ads[weak.key]
    metric = metric_for(ground.own)
    return Suggestion(
        type=kind,
        impact=impact_of(weak.share * weak.gap),
        description=text,
        evidence=ground.evidence(metric, weak.reading, sums=weak.sums, rest=weak.rest),
        command=_command(
            "pause_ad" if kind == "pause_ad" else "push_creative",
            ad_id=encode("ad", ad.pk),
            **payload,
        ),
        target=ad,
    )


def _pause_ad(ground: Ground) -> Found:
    weak = _weak_ad(ground)
    if isinstance(weak, str):
        return weak
    text = _("Pause the ad %(ad)s: its %(metric)s is surely worse than that of the other ads.")
    said = {"ad": ground.ads[weak.key].name, "metric": metric_for(ground.own).value}
    return _of_ad(ground, weak, "pause_ad", text=text % said)


def _better_ad(ground: Ground, weak: Standout[UUID]) -> Ad | None:
    """The ad that is surely better than the others, the weak one among them."""
    found = standouts(ground.by_ad, metric_for(ground.own), worse=False)
    return ground.ads[found[0].key] if found and found[0].key != weak.key else None


def _content(ad: Ad) -> dict[str, str]:
    names = (*WORDS, "image_url", "image_digest", "link_url")
    return {name: getattr(ad.creative, name) for name in names}


def _new_message(ground: Ground) -> Found:
    weak = _weak_ad(ground)
    if isinstance(weak, str):
        return weak
    better = _better_ad(ground, weak)
    if better is None:
        return "no_certain_difference"
    own, good = _content(ground.ads[weak.key]), _content(better)
    words = {name: good[name] for name in WORDS}
    if own["image_url"] and not own["image_digest"]:
        return "image_not_kept"
    if all(own[name] == value for name, value in words.items()):
        return "same_already"
    text = _("Let the ad %(ad)s say what %(better)s says, which surely does better.")
    said = {"ad": ground.ads[weak.key].name, "better": better.name}
    return _of_ad(ground, weak, "new_message", text=text % said, creative={**own, **words})


def _new_image(ground: Ground) -> Found:
    weak = _weak_ad(ground)
    if isinstance(weak, str):
        return weak
    better = _better_ad(ground, weak)
    if better is None:
        return "no_certain_difference"
    own, good = _content(ground.ads[weak.key]), _content(better)
    image = {name: good[name] for name in ("image_url", "image_digest")}
    if not image["image_digest"]:
        return "no_image"
    if own["image_digest"] == image["image_digest"]:
        return "same_already"
    text = _("Let the ad %(ad)s show the image of %(better)s, which surely does better.")
    said = {"ad": ground.ads[weak.key].name, "better": better.name}
    return _of_ad(ground, weak, "new_image", text=text % said, creative={**own, **image})


def _similar_audience(ground: Ground) -> Found:
    metric = metric_for(ground.own)
    enough = {
        key: sums
        for key, sums in ground.by_ad_set.items()
        if sums.impressions >= ENOUGH_IMPRESSIONS
    }
    best = standouts(enough, metric, worse=False)
    if len(ground.ad_sets) > 1 and not best:
        return "no_certain_difference"
    if not enough:
        return "sample_too_small"
    key = best[0].key if best else next(iter(enough))
    ad_set = ground.ad_sets[key]
    targeting = dict(ad_set.targeting)
    low = max(YOUNGEST, targeting.get("age_min", YOUNGEST) - WIDER)
    high = min(OLDEST, targeting.get("age_max", OLDEST) + WIDER)
    wider = {**targeting, "age_min": min(low, targeting.get("age_min", low)), "age_max": high}
    if wider == {"age_min": YOUNGEST, "age_max": OLDEST, **targeting}:
        return "already_wide"
    reading = read_metric(metric, enough[key], certainty=DEFAULT_CERTAINTY)
    if reading is None:
        return "sample_too_small"
    text = _("Widen the ages of %(name)s by %(years)s years: same places and interests.")
    return Suggestion(
        type="similar_audience",
        impact=impact_of(best[0].gap * (1 - best[0].share)) if best else "low",
        description=text % {"name": ad_set.name, "years": WIDER},
        evidence=ground.evidence(
            metric, reading, sums=enough[key], rest=best[0].rest if best else None
        ),
        command=_command("set_targeting", ad_set_id=encode("aset", key), targeting=wider),
        target=ad_set,
    )


def _shift_budget(ground: Ground) -> Found:
    if len(ground.ad_sets) < 2:
        return "nothing_to_compare"
    metric = metric_for(ground.own)
    found = standouts(ground.by_ad_set, metric, worse=True)
    if not found:
        return "no_certain_difference"
    weak = found[0]
    ad_set = ground.ad_sets[weak.key]
    text = _("Pause the ad set %(name)s: the campaign's budget then goes to the better ones.")
    return Suggestion(
        type="shift_budget",
        impact=impact_of(weak.share * weak.gap),
        description=text % {"name": ad_set.name},
        evidence=ground.evidence(metric, weak.reading, sums=weak.sums, rest=weak.rest),
        command=_command("pause_ad_set", ad_set_id=encode("aset", ad_set.pk)),
        target=ad_set,
    )


def _raise_budget(ground: Ground) -> Found:
    campaign = ground.campaign
    if ground.own.spend_micros < USES_ITS_BUDGET * campaign.budget_micros * WINDOW_DAYS:
        return "budget_not_used_up"
    return _budget(ground, Action.INCREASE_BUDGET)


def _lower_budget(ground: Ground) -> Found:
    return _budget(ground, Action.DECREASE_BUDGET)


def _budget(ground: Ground, action: Action) -> Found:
    campaign = ground.campaign
    if campaign.budget_type != "daily":
        return "lifetime_budget"
    budget = next_budget(
        action,
        campaign.budget_micros,
        percent=DEFAULT_PERCENT,
        limit=None,
        least=minimum_micros(campaign.currency) or 0,
        unit=minor_micros(campaign.currency),
    )
    if budget is None:
        return "at_limit"
    reason = _grounds_for(ground, lowers=action is Action.DECREASE_BUDGET)
    if isinstance(reason, str):
        return reason
    evidence, gap = reason
    raises = action is Action.INCREASE_BUDGET
    text = (
        _("Raise the daily budget by %(percent)s %%: what it buys surely pays.")
        if raises
        else _("Lower the daily budget by %(percent)s %%: what it buys surely pays less.")
    )
    return Suggestion(
        type="raise_budget" if raises else "lower_budget",
        impact=impact_of(gap * DEFAULT_PERCENT / 100),
        description=text % {"percent": DEFAULT_PERCENT},
        evidence=evidence,
        command=_command(
            "set_daily_budget",
            campaign_id=encode("camp", campaign.pk),
            budget_micros=budget,
            currency=campaign.currency,
        ),
        target=campaign,
    )


def _grounds_for(ground: Ground, *, lowers: bool) -> tuple[dict[str, Any], float] | str:
    """By what it returns where that is known, else by cost per conversion beside its peers."""
    own = ground.own
    if own.conversions < ENOUGH_CONVERSIONS:
        return "sample_too_small"
    if own.conversion_value_micros:
        reading = read_metric(Metric.ROAS, own, certainty=DEFAULT_CERTAINTY)
        if reading is None or reading.low is None or reading.high is None:
            return "sample_too_small"
        if reading.high < LOWERS_AT if lowers else reading.low > RAISES_AT:
            gap = abs(float(reading.value) - MILLION) / MILLION
            return ground.evidence(Metric.ROAS, reading, sums=own), gap
        return "no_certain_difference"
    if len(ground.by_campaign) < 2:
        return "nothing_to_compare"
    found = standouts(ground.by_campaign, Metric.CPA, worse=lowers)
    mine = next((one for one in found if one.key == ground.campaign.pk), None)
    if mine is None:
        return "no_certain_difference"
    return ground.evidence(Metric.CPA, mine.reading, sums=mine.sums, rest=mine.rest), mine.gap


_FINDERS: Mapping[str, Callable[[Ground], Found]] = {
    "new_message": _new_message,
    "new_image": _new_image,
    "similar_audience": _similar_audience,
    "pause_ad": _pause_ad,
    "shift_budget": _shift_budget,
    "raise_budget": _raise_budget,
    "lower_budget": _lower_budget,
}
