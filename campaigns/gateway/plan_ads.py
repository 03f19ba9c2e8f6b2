"""Plans of the commands on ad sets and ads: create, update, targeting, content."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns.commands import (
    CreateAd,
    CreateAdSet,
    CreativeContent,
    PushCreative,
    SetTargeting,
    Targeting,
    UpdateAd,
    UpdateAdSet,
)
from campaigns.domain.steps import StepPlan
from campaigns.gateway import checks
from campaigns.gateway.assets import assets_in_use
from campaigns.gateway.plan import LocalChange, Plan, Subject, expecting
from campaigns.models import Ad, AdSet, Campaign, Creative
from core.errors import ConflictError, InvalidError
from core.ids import new_uuid
from platforms.models import AdAccount

MOST_AD_SETS = 200
MOST_ADS = 50
GONE = ("ARCHIVED", "DELETED")


def plan_create_ad_set(command: CreateAdSet, subject: Subject) -> Plan:
    """A new ad set; at the platform at once where its campaign is there."""
    checks.check_open(subject)
    campaign = subject.parent
    present = AdSet.objects.filter(campaign=campaign).exclude(status__in=GONE).count()
    checks.check_room(present, MOST_AD_SETS, what=_("ad sets in a campaign"))
    row = new_ad_set(subject, command.name, command.targeting.model_dump(mode="json"))
    steps: tuple[StepPlan, ...] = ()
    if not subject.is_local:
        page, pixel = assets_in_use(campaign, _account(campaign))
        steps = (
            ad_set_step(campaign, row, page_id=page, pixel_id=pixel),
            activation("ad_set", row),
        )
    return Plan(
        target_type="campaign",
        target_id=campaign.id,
        target_name=campaign.name,
        before={},
        after={"ad_set": {"name": row.name, "targeting": row.targeting}},
        is_local=subject.is_local,
        event="ad_set.created",
        rows=(row,),
        steps=steps,
    )


def new_ad_set(subject: Subject, name: str, targeting: dict[str, Any]) -> AdSet:
    """An unsaved ad set of the campaign."""
    return AdSet(
        id=new_uuid(),
        tenant_id=subject.parent.tenant_id,
        campaign=subject.parent,
        name=name,
        targeting=targeting,
        created_at=subject.now,
        updated_at=subject.now,
    )


def _account(campaign: Campaign) -> AdAccount:
    if campaign.ad_account is None:
        raise ConflictError(_("The campaign has no ad account."), code="not_launched")
    return campaign.ad_account


def ad_set_step(campaign: Campaign, row: AdSet, *, page_id: str, pixel_id: str) -> StepPlan:
    """Creation of an ad set, paused."""
    return StepPlan(
        kind="create_ad_set",
        object_type="ad_set",
        object_id=row.id,
        params={
            "name": row.name,
            "campaign_id": str(campaign.id),
            "objective": campaign.objective,
            "targeting": row.targeting,
            "platforms": list(campaign.platforms),
            "page_id": page_id,
            "pixel_id": pixel_id,
            **dates(campaign),
        },
    )


def dates(campaign: Campaign) -> dict[str, str]:
    """The schedule as step parameters; absent ends are left out."""
    found = {"start_date": campaign.start_date, "end_date": campaign.end_date}
    return {name: day.isoformat() for name, day in found.items() if day is not None}


def activation(object_type: str, row: Campaign | AdSet | Ad) -> StepPlan:
    """The step that lets an object deliver."""
    return StepPlan(
        kind="set_status",
        object_type=object_type,
        object_id=row.id,
        params={"status": "ACTIVE"},
        apply={"status": "ACTIVE", "effective_status": "ACTIVE"},
    )


def plan_update_ad_set(command: UpdateAdSet | SetTargeting, subject: Subject) -> Plan:
    """New name, new targeting, or both."""
    checks.check_open(subject)
    row = subject.ad_set
    if row is None:
        raise LookupError("the command has no ad set")
    wanted = _ad_set_fields(getattr(command, "name", None), command.targeting)
    old = {"name": row.name, "targeting": row.targeting}
    new = {name: value for name, value in wanted.items() if value != old[name]}
    changes: tuple[LocalChange, ...] = ()
    steps: tuple[StepPlan, ...] = ()
    if new and subject.is_local:
        changes = (LocalChange(AdSet, row.id, new),)
    elif new:
        params = dict(new)
        if "targeting" in new:
            params["platforms"] = list(subject.parent.platforms)
        steps = (
            StepPlan(
                kind="update", object_type="ad_set", object_id=row.id, params=params, apply=new
            ),
        )
    expected = {"name": row.name} if "name" in new and row.external_id else {}
    return Plan(
        target_type="ad_set",
        target_id=row.id,
        target_name=row.name,
        before={name: old[name] for name in new},
        after=new,
        is_local=subject.is_local,
        event="ad_set.updated",
        changes=changes,
        steps=steps,
        expects=expecting("ad_set", row.id, expected),
    )


def _ad_set_fields(name: str | None, targeting: Targeting | None) -> dict[str, Any]:
    found = {
        "name": name,
        "targeting": targeting.model_dump(mode="json") if targeting else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def plan_create_ad(command: CreateAd, subject: Subject) -> Plan:
    """A new ad with its creative."""
    checks.check_open(subject)
    ad_set = subject.ad_set
    if ad_set is None:
        raise LookupError("the command has no ad set")
    present = Ad.objects.filter(ad_set=ad_set).exclude(status__in=GONE).count()
    checks.check_room(present, MOST_ADS, what=_("ads in an ad set"))
    checks.check_generation(subject, command.generation_id)
    creative = new_creative(subject, command.creative)
    row = new_ad(subject, ad_set, creative, name=command.name, generation_id=command.generation_id)
    steps: tuple[StepPlan, ...] = ()
    if not subject.is_local:
        page, _pixel = assets_in_use(subject.parent, _account(subject.parent))
        steps = (*ad_steps(row, page), activation("ad", row))
    return Plan(
        target_type="ad_set",
        target_id=ad_set.id,
        target_name=ad_set.name,
        before={},
        after={"ad": {"name": row.name, "creative": content(creative)}},
        is_local=subject.is_local,
        event="ad.created",
        rows=(creative, row),
        steps=steps,
    )


def new_creative(subject: Subject, wanted: CreativeContent) -> Creative:
    """An unsaved creative of the business; its image was fetched and kept before (`images`)."""
    if bool(wanted.image_url) != bool(wanted.image_digest):
        raise InvalidError(
            _("The image was not fetched."), field="creative.image_url", code="image_not_kept"
        )
    return Creative(
        id=new_uuid(),
        tenant_id=subject.parent.tenant_id,
        business_id=subject.parent.business_id,
        created_at=subject.now,
        **wanted.model_dump(),
    )


def new_ad(
    subject: Subject, ad_set: AdSet, creative: Creative, *, name: str, generation_id: str = ""
) -> Ad:
    """An unsaved ad."""
    return Ad(
        id=new_uuid(),
        tenant_id=subject.parent.tenant_id,
        campaign=subject.parent,
        ad_set=ad_set,
        creative=creative,
        name=name,
        generation_id=generation_id,
        created_at=subject.now,
        updated_at=subject.now,
    )


CONTENT = ("headline", "primary_text", "description", "image_url", "call_to_action", "link_url")


def content(creative: Creative) -> dict[str, str]:
    """What a creative says; of an image also which one it is."""
    said = {name: getattr(creative, name) for name in CONTENT}
    return {**said, "image_digest": creative.image_digest} if creative.image_url else said


def creative_steps(creative: Creative, name: str, page_id: str) -> list[StepPlan]:
    """Upload of the image where there is one, then the creative."""
    steps = []
    if creative.image_url and not creative.image_hash:
        steps.append(
            StepPlan(
                kind="upload_image",
                object_type="creative",
                object_id=creative.id,
                params={"image_digest": creative.image_digest},
            )
        )
    said = {name: getattr(creative, name) for name in CONTENT if name != "image_url"}
    steps.append(
        StepPlan(
            kind="create_creative",
            object_type="creative",
            object_id=creative.id,
            params={"name": name, "page_id": page_id, **said},
        )
    )
    return steps


def ad_steps(row: Ad, page_id: str) -> list[StepPlan]:
    """Creation of the ad's creative where it is still local, then of the ad, paused."""
    steps = [] if row.creative.external_id else creative_steps(row.creative, row.name, page_id)
    steps.append(
        StepPlan(
            kind="create_ad",
            object_type="ad",
            object_id=row.id,
            params={
                "name": row.name,
                "ad_set_id": str(row.ad_set_id),
                "creative_id": str(row.creative_id),
            },
        )
    )
    return steps


def plan_update_ad(command: UpdateAd | PushCreative, subject: Subject) -> Plan:
    """New name, new content (a new creative), or both."""
    checks.check_open(subject)
    row = subject.ad
    if row is None:
        raise LookupError("the command has no ad")
    new = _ad_fields(command, row)
    checks.check_generation(subject, new.get("generation_id", ""))
    creative = None
    if command.creative is not None and _is_new(command.creative, row.creative):
        creative = new_creative(subject, command.creative)
    before = {name: getattr(row, name) for name in new}
    after: dict[str, Any] = dict(new)
    if creative is not None:
        before["creative"], after["creative"] = content(row.creative), content(creative)
        new["creative_id"] = str(creative.id)
    remote = not subject.is_local and bool(new.keys() & {"name", "creative_id"})
    return Plan(
        target_type="ad",
        target_id=row.id,
        target_name=row.name,
        before=before,
        after=after,
        is_local=subject.is_local,
        event="ad.optimized" if creative is not None else "ad.updated",
        rows=(creative,) if creative is not None else (),
        changes=(LocalChange(Ad, row.id, new),) if new and not remote else (),
        steps=_ad_update_steps(subject, row, creative=creative, new=new) if remote else (),
        expects=_ad_expects(row, new) if remote else {},
    )


def _is_new(wanted: CreativeContent, present: Creative) -> bool:
    return any(value != getattr(present, name) for name, value in wanted.model_dump().items())


def _ad_fields(command: UpdateAd | PushCreative, row: Ad) -> dict[str, Any]:
    if isinstance(command, PushCreative):
        return {}
    wanted = {"name": command.name, "generation_id": command.generation_id}
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(row, name)
    }


def _ad_update_steps(
    subject: Subject, row: Ad, *, creative: Creative | None, new: dict[str, Any]
) -> tuple[StepPlan, ...]:
    steps = []
    if creative is not None:
        page, _pixel = assets_in_use(subject.parent, _account(subject.parent))
        steps = creative_steps(creative, new.get("name", row.name), page)
    params = {name: value for name, value in new.items() if name in ("name", "creative_id")}
    steps.append(
        StepPlan(kind="update", object_type="ad", object_id=row.id, params=params, apply=new)
    )
    return tuple(steps)


def _ad_expects(row: Ad, new: dict[str, Any]) -> dict[str, Any]:
    if not row.external_id:
        return {}
    values = {"name": row.name} if "name" in new else {}
    if "creative_id" in new and row.creative.external_id:
        values["creative_external_id"] = row.creative.external_id
    return expecting("ad", row.id, values)
