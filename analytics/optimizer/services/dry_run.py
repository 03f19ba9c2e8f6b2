"""What a rule would have matched, from the facts as they are known today."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from analytics.optimizer import queries
from analytics.optimizer.domain.actions import BUDGET_ACTIONS, Action
from analytics.optimizer.domain.conditions import HOURS_A_DAY, Answer
from analytics.optimizer.models import Rule
from analytics.optimizer.presenters import condition_of, target_json
from analytics.optimizer.queries import Target
from analytics.optimizer.services.matching import DaySums, history, judge_day, obstacle
from campaigns.models import Campaign
from core.ids import encode

DAYS = 30
MOST_MATCHES = 100


@dataclass(slots=True)
class DryRun:
    """Matches in order of days, at most MOST_MATCHES of `matched`; `answers` counts object-days by
    what became of them, `left_out` campaigns by the reason that nothing is said of them.
    """

    matches: list[dict[str, Any]] = field(default_factory=list)
    matched: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def dry_run(rule: Rule, *, now: datetime) -> DryRun:
    """Judge each of the last 30 full days of every object, as its evaluation after that day would;
    an object that was acted on is left alone as the cooldown says, a paused one for good.

    Reads only. Call it inside the tenant's scope; the rule need not be stored.
    """
    result = DryRun()
    by_day: dict[date, list[Campaign]] = {}
    for campaign in queries.campaigns_of(rule, running=False):
        reason = obstacle(rule, campaign)
        account = campaign.ad_account
        if reason or account is None:
            result.left_out[reason or "facts_not_read"] += 1
        else:
            by_day.setdefault(queries.day_at(account, now) - timedelta(days=1), []).append(campaign)
    for until, campaigns in by_day.items():
        since = until - timedelta(days=DAYS - 1)
        for target, days in history(rule, campaigns, since=since, until=until).values():
            _replay(rule, target, days, since=since, result=result)
    result.matches.sort(key=lambda match: (match["day"], match["target"]["id"]))
    del result.matches[MOST_MATCHES:]
    return result


def _replay(rule: Rule, target: Target, days: DaySums, *, since: date, result: DryRun) -> None:
    condition, wait = condition_of(rule), timedelta(hours=rule.cooldown_hours)
    free = since
    for offset in range(DAYS):
        day = since + timedelta(days=offset)
        if day < free:
            result.answers["cooling_down"] += 1
            continue
        judged = judge_day(condition, target, days, until=day)
        result.answers[judged.answer.value] += 1
        if judged.answer is not Answer.MATCHED:
            continue
        result.matched += 1
        result.matches.append(
            {
                "day": day.isoformat(),
                "campaign_id": encode("camp", target.campaign.pk),
                "target": target_json(target.type, target.id, target.name),
                "evidence": judged.evidence(condition),
            }
        )
        if Action(rule.action) not in BUDGET_ACTIONS:
            return
        free = day + timedelta(days=wait // timedelta(hours=HOURS_A_DAY))
