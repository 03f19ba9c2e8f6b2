"""From a step in our neutral words to the one call of the platform's writer."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from campaigns.dispatch.work import ROWS, Work
from campaigns.models import Creative, DispatchStep
from core.errors import AppError
from core.money import Money
from core.tenancy import tenant_tx
from creatives.services.assets import image_content
from platforms.errors import PlatformError
from platforms.ports import AdSetSpec, AdSpec, CampaignSpec, Changes, CreativeSpec

type Call = Callable[[], str]


def prepare(work: Work, step: DispatchStep) -> Call:
    """The call of a step, with everything it needs already read and fetched.

    The call returns the new object's external id, or an image's hash, or nothing. Raises
    PlatformError of kind `invalid` where a parent has no external id, or an image is not the one
    that was decided on.
    """
    return _CALLS[step.kind](work, step)


def external_id(work: Work, object_type: str, object_id: str | UUID) -> str:
    """The platform's id of one of our rows; raises PlatformError `invalid` while it has none."""
    with tenant_tx(work.tenant_id, readonly=True):
        rows = ROWS[object_type].objects.filter(pk=object_id)
        found: str = rows.values_list("external_id", flat=True).first() or ""
    if not found:
        raise PlatformError("invalid", f"The {object_type} is not at the platform yet.")
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _money(params: dict[str, Any]) -> Money:
    return Money(int(params["budget_micros"]), str(params["currency"]))


def _create_campaign(work: Work, step: DispatchStep) -> Call:
    params = step.params
    spec = CampaignSpec(
        name=params["name"],
        objective=params["objective"],
        budget_type=params["budget_type"],
        budget=_money(params),
        start_date=_day(params.get("start_date")),
        end_date=_day(params.get("end_date")),
    )
    return lambda: work.writer.create_campaign(work.account.external_id, spec, tag=step.tag)


def _create_ad_set(work: Work, step: DispatchStep) -> Call:
    params = step.params
    spec = AdSetSpec(
        name=params["name"],
        campaign_external_id=external_id(work, "campaign", params["campaign_id"]),
        objective=params["objective"],
        targeting=params["targeting"],
        platforms=tuple(params["platforms"]),
        page_id=params["page_id"],
        pixel_id=params["pixel_id"],
        start_date=_day(params.get("start_date")),
        end_date=_day(params.get("end_date")),
    )
    return lambda: work.writer.create_ad_set(work.account.external_id, spec, tag=step.tag)


def _upload_image(work: Work, step: DispatchStep) -> Call:
    try:
        content = image_content(
            tenant_id=work.tenant_id,
            business_id=work.dispatch.business_id,
            digest=step.params["image_digest"],
        )
    except AppError as error:
        raise PlatformError("invalid", error.message, platform_code=error.code) from error
    name = f"{step.object_id}.jpg"
    return lambda: work.writer.upload_image(work.account.external_id, name=name, content=content)


def _create_creative(work: Work, step: DispatchStep) -> Call:
    params = step.params
    with tenant_tx(work.tenant_id, readonly=True):
        image_hash = Creative.objects.values_list("image_hash", flat=True).get(pk=step.object_id)
    spec = CreativeSpec(
        name=params["name"],
        page_id=params["page_id"],
        headline=params["headline"],
        primary_text=params["primary_text"],
        description=params["description"],
        link_url=params["link_url"],
        call_to_action=params["call_to_action"],
        image_hash=image_hash,
    )
    return lambda: work.writer.create_creative(work.account.external_id, spec, tag=step.tag)


def _create_ad(work: Work, step: DispatchStep) -> Call:
    with tenant_tx(work.tenant_id, readonly=True):
        creatives = Creative.objects.values_list("link_url", flat=True)
        link_url = creatives.get(pk=step.params["creative_id"])
    spec = AdSpec(
        name=step.params["name"],
        ad_set_external_id=external_id(work, "ad_set", step.params["ad_set_id"]),
        creative_external_id=external_id(work, "creative", step.params["creative_id"]),
        link_url=link_url,
    )
    return lambda: work.writer.create_ad(work.account.external_id, spec, tag=step.tag)


def changes_of(work: Work, step: DispatchStep) -> Changes:
    """The platform-neutral change of an `update` step."""
    params = step.params
    creative = params.get("creative_id")
    return Changes(
        name=params.get("name"),
        budget_type=params.get("budget_type"),
        budget=_money(params) if "budget_micros" in params else None,
        start_date=_day(params.get("start_date")),
        end_date=_day(params.get("end_date")),
        targeting=params.get("targeting"),
        platforms=tuple(params.get("platforms", ())),
        creative_external_id=external_id(work, "creative", creative) if creative else None,
    )


def _update(work: Work, step: DispatchStep) -> Call:
    changes = changes_of(work, step)
    target = external_id(work, step.object_type, step.object_id)

    def call() -> str:
        work.writer.update(step.object_type, target, changes)
        return ""

    return call


def _set_status(work: Work, step: DispatchStep) -> Call:
    target = external_id(work, step.object_type, step.object_id)

    def call() -> str:
        work.writer.set_status(step.object_type, target, step.params["status"])
        return ""

    return call


_CALLS: dict[str, Callable[[Work, DispatchStep], Call]] = {
    "create_campaign": _create_campaign,
    "create_ad_set": _create_ad_set,
    "upload_image": _upload_image,
    "create_creative": _create_creative,
    "create_ad": _create_ad,
    "update": _update,
    "set_status": _set_status,
}
