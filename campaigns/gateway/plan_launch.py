"""The plan of a launch: create what is still local, paused, then activate from below."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns import spend
from campaigns.commands import CreativeContent, LaunchCampaign, Targeting
from campaigns.commands.values import Location
from campaigns.domain.places import country_name
from campaigns.domain.steps import StepPlan
from campaigns.gateway import checks
from campaigns.gateway.assets import choose_ad_account, choose_page, choose_pixel
from campaigns.gateway.plan import LocalChange, Plan, Subject
from campaigns.gateway.plan_ads import (
    GONE,
    activation,
    ad_set_step,
    ad_steps,
    content,
    dates,
    new_ad,
    new_ad_set,
    new_creative,
)
from campaigns.models import Ad, AdSet, Campaign, Creative
from core.canonical import digest
from core.errors import InvalidError
from platforms.models import AdAccount

SHOWN = 20


def plan_launch(command: LaunchCampaign, subject: Subject) -> Plan:
    """Everything that is missing at the platform, then the activation; nothing where it runs."""
    checks.check_open(subject)
    campaign = subject.parent
    if campaign.status == "ACTIVE" and not _has_local(campaign):
        return _plan(subject, {})
    account = choose_ad_account(subject, command.ad_account_id)
    _check(subject, account)
    ad_sets, ads, made = _content(subject)
    page = choose_page(account, command.page_id)
    pixel = choose_pixel(account, command.pixel_id, objective=campaign.objective)
    steps = [] if campaign.external_id else [_campaign_step(campaign)]
    steps += [
        ad_set_step(campaign, row, page_id=page, pixel_id=pixel)
        for row in ad_sets
        if not row.external_id
    ]
    seen: set[object] = set()
    for ad in ads:
        if not ad.external_id:
            fresh = [step for step in ad_steps(ad, page) if (step.kind, step.object_id) not in seen]
            seen |= {(step.kind, step.object_id) for step in fresh}
            steps += fresh
    steps += [activation("ad", row) for row in ads if row.status == "DRAFT"]
    steps += [activation("ad_set", row) for row in ad_sets if row.status == "DRAFT"]
    steps.append(_activate(subject))
    campaign.ad_account = account
    after = _after(campaign, ad_sets, ads, uses={"page_id": page, "pixel_id": pixel})
    return _plan(subject, after, made=made, steps=tuple(steps))


def _has_local(campaign: Campaign) -> bool:
    rows = (AdSet.objects, Ad.objects)
    return any(
        row.filter(campaign=campaign, external_id="").exclude(status__in=GONE).exists()
        for row in rows
    )


def _check(subject: Subject, account: AdAccount) -> None:
    campaign = subject.parent
    checks.check_objective(campaign.objective, platform=account.platform)
    if account.currency != campaign.currency:
        raise InvalidError(
            _("The ad account bills in %(account)s, the campaign is priced in %(campaign)s.")
            % {"account": account.currency, "campaign": campaign.currency},
            field="currency",
            code="currency_mismatch",
        )
    if account.status not in ("", "active"):
        raise InvalidError(
            _("The ad account is %(status)s at the platform.") % {"status": account.status},
            field="ad_account_id",
            code="ad_account_not_active",
        )
    checks.check_budget(campaign.budget_micros, campaign.currency)
    checks.check_schedule(campaign.start_date, campaign.end_date, today=subject.today_in(account))
    checks.check_lifetime({}, campaign)


def _content(subject: Subject) -> tuple[list[AdSet], list[Ad], tuple[Creative | AdSet | Ad, ...]]:
    """Ad sets, ads, and which of those are new rows."""
    campaign = subject.parent
    rows = AdSet.objects.filter(campaign=campaign).exclude(status__in=GONE)
    ad_sets = list(rows.order_by("created_at", "id"))
    ads = list(
        Ad.objects.filter(campaign=campaign, ad_set__in=ad_sets)
        .exclude(status__in=GONE)
        .select_related("creative")
        .order_by("created_at", "id")
    )
    made: list[Creative | AdSet | Ad] = []
    if not ad_sets:
        ad_sets = [_default_ad_set(subject)]
        made += ad_sets
    if not ads:
        ads = [_default_ad(subject, ad_sets[0])]
        made += [ads[0].creative, ads[0]]
    return ad_sets, ads, tuple(made)


def _default_ad_set(subject: Subject) -> AdSet:
    campaign = subject.parent
    code = checks.check_location(campaign.target_location)
    targeting = Targeting(locations=(Location(value=code),))
    name = f"{campaign.name[:300]} - {country_name(code)}"
    return new_ad_set(subject, name, targeting.model_dump(mode="json"))


def _default_ad(subject: Subject, ad_set: AdSet) -> Ad:
    campaign = subject.parent
    for field in ("target_url", "message"):
        if not getattr(campaign, field):
            raise InvalidError(
                _("Without ads, the launch makes one from message and target_url."),
                field=field,
                code="ad_content_missing",
                hint=_("Set both, or add an ad."),
            )
    said = CreativeContent(
        headline=campaign.name[:255], primary_text=campaign.message, link_url=campaign.target_url
    )
    return new_ad(subject, ad_set, new_creative(subject, said), name=campaign.name)


def _campaign_step(campaign: Campaign) -> StepPlan:
    return StepPlan(
        kind="create_campaign",
        object_type="campaign",
        object_id=campaign.id,
        params={
            "name": campaign.name,
            "objective": campaign.objective,
            "budget_type": campaign.budget_type,
            "budget_micros": campaign.budget_micros,
            "currency": campaign.currency,
            **dates(campaign),
        },
    )


def _activate(subject: Subject) -> StepPlan:
    campaign = subject.parent
    launched = campaign.launched_at or subject.now
    return StepPlan(
        kind="set_status",
        object_type="campaign",
        object_id=campaign.id,
        params={"status": "ACTIVE"},
        apply={
            "status": "ACTIVE",
            "effective_status": "ACTIVE",
            "launched_at": launched.isoformat(),
        },
    )


def _after(
    campaign: Campaign, ad_sets: list[AdSet], ads: list[Ad], *, uses: dict[str, str]
) -> dict[str, Any]:
    """All that goes live, so that an approver sees it and an approval covers nothing else: what is
    still local may be edited while the launch waits.
    """
    names = {row.id: row.name for row in ad_sets}
    sets = [{"name": row.name, "targeting": row.targeting} for row in ad_sets]
    said = [{"name": ad.name, "ad_set": names[ad.ad_set_id], **content(ad.creative)} for ad in ads]
    own = {
        "name": campaign.name,
        "objective": campaign.objective,
        "platforms": list(campaign.platforms),
        "ad_account": campaign.ad_account.name if campaign.ad_account else "",
        "ad_count": len(ads),
        **uses,
        **dates(campaign),
    }
    account = str(campaign.ad_account.id) if campaign.ad_account else ""
    return {
        "status": "ACTIVE",
        "budget_type": campaign.budget_type,
        "budget_micros": campaign.budget_micros,
        "campaign": own,
        "ad_sets": sets[:SHOWN],
        "ads": said[:SHOWN],
        "content_digest": digest([account, own, sets, said]),
    }


def _plan(
    subject: Subject,
    after: dict[str, Any],
    *,
    made: tuple[Creative | AdSet | Ad, ...] = (),
    steps: tuple[StepPlan, ...] = (),
) -> Plan:
    campaign = subject.parent
    launches = bool(steps)
    values = {"ad_account": campaign.ad_account, "effective_status": "LAUNCHING"}
    changes = (LocalChange(Campaign, campaign.id, values),)
    target = spend.activation_target(campaign, subject.open) if launches else None
    return Plan(
        target_type="campaign",
        target_id=campaign.id,
        target_name=campaign.name,
        before={"status": campaign.status} if launches else {},
        after=after,
        is_local=False,
        event="campaign.launched",
        rows=made,
        changes=changes if launches else (),
        steps=steps,
        exposure_target=target,
    )
