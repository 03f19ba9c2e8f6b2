"""Plans of the commands on a campaign, its launch aside."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from campaigns import spend
from campaigns.commands import (
    CreateCampaign,
    SetDailyBudget,
    SetLifetimeBudget,
    SetSchedule,
    UpdateCampaign,
)
from campaigns.domain.operations import CONTROL_FIELDS
from campaigns.domain.steps import StepPlan
from campaigns.gateway import checks
from campaigns.gateway.plan import LocalChange, Plan, Subject, expecting
from campaigns.models import AdSet, Campaign
from core.errors import InvalidError
from core.ids import new_uuid

FIXED_AFTER_LAUNCH = ("objective", "currency", "message", "target_url", "target_location")
REMOTE_FIELDS = ("name", "budget_type", "budget_micros", "start_date", "end_date", "platforms")
_EXPECTED = ("name", "budget_type", "budget_micros", "start_date", "end_date")


def plain(value: Any) -> Any:
    """A field's value as JSON: dates in ISO form, tuples as lists."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def plan_create(command: CreateCampaign, subject: Subject) -> Plan:
    """A new local campaign of the business."""
    checks.check_business_currency(command.currency, subject.business.currency)
    checks.check_budget(command.budget_micros, command.currency)
    checks.check_schedule(command.start_date, command.end_date, today=subject.today)
    if command.target_location:
        checks.check_location(command.target_location)
    values = command.model_dump(exclude={"business_id", *CONTROL_FIELDS})
    values["platforms"] = list(command.platforms)
    row = Campaign(
        id=new_uuid(),
        tenant_id=subject.business.tenant_id,
        business=subject.business,
        environment=subject.business.environment,
        created_at=subject.now,
        updated_at=subject.now,
        **values,
    )
    return Plan(
        target_type="campaign",
        target_id=row.id,
        target_name=row.name,
        before={},
        after={key: plain(value) for key, value in values.items()},
        is_local=True,
        event="campaign.created",
        rows=(row, spend.new_exposure(row)),
    )


def plan_update(command: UpdateCampaign, subject: Subject) -> Plan:
    """Any fields at once."""
    wanted = command.model_dump(exclude={"campaign_id", *CONTROL_FIELDS}, exclude_none=True)
    return change(subject, wanted)


def plan_budget(command: SetDailyBudget | SetLifetimeBudget, subject: Subject) -> Plan:
    """The amount, and the type that the command's name says."""
    checks.check_currency(command.currency, subject.parent)
    kind = "daily" if isinstance(command, SetDailyBudget) else "lifetime"
    return change(subject, {"budget_type": kind, "budget_micros": command.budget_micros})


def plan_schedule(command: SetSchedule, subject: Subject) -> Plan:
    """First and last day. At the platform an end can be moved, not taken away: what was decided on
    may have counted on it.
    """
    wanted: dict[str, Any] = command.model_dump(
        include={"start_date", "end_date"}, exclude_none=True
    )
    if command.clear_end_date:
        if not subject.is_local:
            raise InvalidError(
                _("A launched campaign keeps an end date."),
                field="end_date",
                code="end_date_required",
                hint=_("Choose a later day instead."),
            )
        wanted["end_date"] = None
    return change(subject, wanted)


def change(subject: Subject, wanted: Mapping[str, Any]) -> Plan:
    """The plan of new values for a campaign's fields; those already in force drop out."""
    checks.check_open(subject)
    campaign = subject.parent
    old = {name: getattr(campaign, name) for name in wanted}
    new = {name: value for name, value in wanted.items() if plain(value) != plain(old[name])}
    if "platforms" in new:
        new["platforms"] = list(new["platforms"])
    _check(subject, new)
    is_local = subject.is_local
    if not is_local:
        _check_fixed(new)
    if new and (is_local or not new.keys() & set(REMOTE_FIELDS)):
        return _plan(subject, new, old, changes=_stored(campaign, new), is_local=is_local)
    if not new:
        return _plan(subject, new, old, is_local=is_local)
    checks.check_lifetime(new, campaign)
    return _plan(
        subject,
        new,
        old,
        steps=_steps(subject, new),
        expects=_expects(campaign, new),
        exposure_target=_exposure(subject, new),
    )


def _check(subject: Subject, new: Mapping[str, Any]) -> None:
    campaign = subject.parent
    currency = new.get("currency", campaign.currency)
    if "currency" in new:
        checks.check_business_currency(currency, subject.business.currency)
    if "budget_micros" in new:
        checks.check_budget(new["budget_micros"], currency)
    if new.keys() & {"start_date", "end_date"}:
        end = new.get("end_date", campaign.end_date)
        start = new.get("start_date", campaign.start_date)
        checks.check_schedule(start, end, today=subject.today)
    if new.get("target_location"):
        checks.check_location(new["target_location"])


def _check_fixed(new: Mapping[str, Any]) -> None:
    for name in FIXED_AFTER_LAUNCH:
        if name in new:
            raise InvalidError(
                _("%(field)s is fixed once a campaign is launched.") % {"field": name},
                field=name,
                code="fixed_after_launch",
                hint=_("Change the ad set or the ad instead."),
            )


def _plan(subject: Subject, new: Mapping[str, Any], old: Mapping[str, Any], **parts: Any) -> Plan:
    campaign = subject.parent
    return Plan(
        target_type="campaign",
        target_id=campaign.id,
        target_name=campaign.name,
        before={name: plain(old[name]) for name in new},
        after={name: plain(value) for name, value in new.items()},
        event="campaign.updated",
        **{"is_local": False, **parts},
    )


def _stored(campaign: Campaign, new: Mapping[str, Any]) -> tuple[LocalChange, ...]:
    return (LocalChange(Campaign, campaign.id, new),)


def _steps(subject: Subject, new: Mapping[str, Any]) -> tuple[StepPlan, ...]:
    """One update of the campaign, then of each ad set that carries placements or dates."""
    campaign = subject.parent
    values = {name: plain(value) for name, value in new.items()}
    own = {k: v for k, v in values.items() if k in REMOTE_FIELDS and k != "platforms"}
    if own.keys() & {"budget_micros", "budget_type"}:
        own |= {
            "budget_type": values.get("budget_type", campaign.budget_type),
            "budget_micros": values.get("budget_micros", campaign.budget_micros),
            "currency": campaign.currency,
        }
    shared = {k: v for k, v in values.items() if k in ("platforms", "start_date", "end_date")}
    below = _below(campaign, shared) if shared else []
    if own:
        first = StepPlan(
            kind="update",
            object_type="campaign",
            object_id=campaign.id,
            params=own,
            apply=values,
        )
        return (first, *below)
    if below:
        last = below[-1]
        below[-1] = StepPlan(
            kind=last.kind,
            object_type=last.object_type,
            object_id=last.object_id,
            params=last.params,
        )
    return tuple(below)


def _below(campaign: Campaign, shared: Mapping[str, Any]) -> list[StepPlan]:
    rows = AdSet.objects.filter(campaign=campaign).exclude(external_id="").order_by("id")
    steps = []
    for ad_set in rows:
        params: dict[str, Any] = dict(shared)
        if "platforms" in params:
            params["targeting"] = ad_set.targeting
        steps.append(
            StepPlan(kind="update", object_type="ad_set", object_id=ad_set.id, params=params)
        )
    return steps


def _expects(campaign: Campaign, new: Mapping[str, Any]) -> dict[str, Any]:
    if not campaign.external_id:
        return {}
    names = [name for name in _EXPECTED if name in new]
    if "budget_micros" in new or "budget_type" in new:
        names = list(dict.fromkeys([*names, "budget_type", "budget_micros"]))
        if campaign.status == "PAUSED" and not spend.may_run(campaign):
            # Resumed over there, the new budget would cost what none counted.
            names.append("status")
    values = {name: plain(getattr(campaign, name)) for name in names}
    return expecting("campaign", campaign.id, {k: v for k, v in values.items() if v is not None})


def _exposure(subject: Subject, new: Mapping[str, Any]) -> int | None:
    if not new.keys() & {"budget_type", "budget_micros"}:
        return None
    campaign = subject.parent
    return spend.exposure_target(
        campaign,
        runs=spend.may_run(campaign),
        budget_type=new.get("budget_type", campaign.budget_type),
        budget_micros=new.get("budget_micros", campaign.budget_micros),
    )
