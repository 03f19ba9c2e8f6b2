"""Which objects meet a rule on a day, and the command that would follow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from analytics.optimizer import queries
from analytics.optimizer.domain.actions import (
    BUDGET_ACTIONS,
    COMMANDS,
    DEFAULT_PERCENT,
    TARGETS,
    Action,
    next_budget,
)
from analytics.optimizer.domain.conditions import (
    DEFAULT_CERTAINTY,
    MONEY,
    Answer,
    Condition,
    Reading,
    Sums,
    judge,
)
from analytics.optimizer.models import Rule
from analytics.optimizer.presenters import PREFIXES, condition_of, evidence_json
from analytics.optimizer.queries import Target
from campaigns.commands import Command, restore
from campaigns.domain.minimums import minimum_micros
from campaigns.models import Campaign
from core.ids import encode
from core.money import minor_micros

DaySums = Mapping[date, Sums]


@dataclass(frozen=True, slots=True)
class Judged:
    """One object on one day: the answer, and what it rests on."""

    target: Target
    day: date
    answer: Answer
    reading: Reading | None
    sums: Sums

    def evidence(self, condition: Condition) -> dict[str, Any]:
        """The public form of what the answer rests on."""
        return evidence_json(
            condition.metric,
            self.reading,
            self.sums,
            since=self.day - timedelta(days=condition.days - 1),
            until=self.day,
            certainty=condition.certainty or DEFAULT_CERTAINTY,
            currency=self.target.campaign.currency,
        )


def judge_day(condition: Condition, target: Target, days: DaySums, *, until: date) -> Judged:
    """The object over the window that ends with `until`."""
    window = (until - timedelta(days=back) for back in range(condition.days))
    sums = sum((days[day] for day in window if day in days), Sums())
    answer, reading = judge(condition, sums)
    return Judged(target, until, answer, reading, sums)


def obstacle(rule: Rule, campaign: Campaign) -> str:
    """Why the rule says nothing about a campaign; an empty text where it does."""
    action = Action(rule.action)
    priced = rule.metric in MONEY or (action in BUDGET_ACTIONS and rule.limit_micros is not None)
    if priced and campaign.currency != rule.currency:
        return "other_currency"
    if action in BUDGET_ACTIONS and campaign.budget_type != "daily":
        return "lifetime_budget"
    return ""


def command_for(rule: Rule, target: Target) -> Command | None:
    """The command of the rule's action; None where its limit leaves nothing to do."""
    action = Action(rule.action)
    payload: dict[str, Any] = {
        "schema_version": 1,
        f"{target.type}_id": encode(PREFIXES[target.type], target.id),
    }
    if action in BUDGET_ACTIONS:
        campaign = target.campaign
        budget = next_budget(
            action,
            campaign.budget_micros,
            percent=rule.percent or DEFAULT_PERCENT,
            limit=rule.limit_micros,
            least=minimum_micros(campaign.currency) or 0,
            unit=minor_micros(campaign.currency),
        )
        if budget is None:
            return None
        payload |= {"budget_micros": budget, "currency": campaign.currency}
    return restore(COMMANDS[action], payload)


def judged_now(rule: Rule, *, now: datetime) -> Iterator[Judged | tuple[str, Campaign]]:
    """Every running object of the rule's scope on the last full day of its ad account; a campaign
    that cannot be judged comes as (reason, campaign).
    """
    condition, kind = condition_of(rule), TARGETS[Action(rule.action)]
    by_day: dict[date, list[Campaign]] = {}
    for campaign in queries.campaigns_of(rule, running=True):
        reason = obstacle(rule, campaign)
        day = queries.last_full_day(campaign.ad_account, now=now)
        if reason or day is None:
            yield reason or "facts_not_read", campaign
        else:
            by_day.setdefault(day, []).append(campaign)
    for day, campaigns in by_day.items():
        yield from _judged(condition, kind, campaigns, until=day)


def _judged(
    condition: Condition, kind: str, campaigns: Sequence[Campaign], *, until: date
) -> Iterator[Judged]:
    since = until - timedelta(days=condition.days - 1)
    facts = queries.daily_sums(kind, campaigns, since=since, until=until)
    for target in queries.targets_of(kind, campaigns, running=True):
        yield judge_day(condition, target, facts.get(target.id, {}), until=until)


def history(
    rule: Rule, campaigns: Sequence[Campaign], *, since: date, until: date
) -> dict[UUID, tuple[Target, DaySums]]:
    """The objects that delivered in the rule's windows over these days, with their days."""
    condition, kind = condition_of(rule), TARGETS[Action(rule.action)]
    first = since - timedelta(days=condition.days - 1)
    facts = queries.daily_sums(kind, campaigns, since=first, until=until)
    targets = queries.targets_of(kind, campaigns, running=False)
    return {row.id: (row, facts[row.id]) for row in targets if row.id in facts}
