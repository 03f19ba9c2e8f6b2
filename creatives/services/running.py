"""Generations are carried out: claimed in one short transaction, made outside any, finished in
another that also settles the credits and tells the subscribers.

Whoever holds a generation has its number of attempts; a result under an older number is dropped.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from accounts.services.evidence import emit
from accounts.services.loops import Turns
from billing.credits import release, settle
from core import clock, queue
from core.ids import encode
from core.tenancy import tenant_tx
from creatives import queries
from creatives.domain import ctr
from creatives.domain.copywriting import Copy, CopyBrief
from creatives.domain.limits import LENGTHS, SIZES
from creatives.models import BrandRules, Generation
from creatives.presenters import asset_url
from creatives.providers import choosing
from creatives.providers.base import Brand, PictureBrief
from creatives.services.assets import image_content, store_image
from creatives.services.generations import BELL, is_inline
from creatives.services.making import MakingError, draw_pictures, write_copy

log = structlog.get_logger(__name__)
BEAT_S = 15.0
LEASE = timedelta(minutes=15)
INLINE_S, BACKGROUND_S = 45.0, 600.0
MOST_ATTEMPTS = 3
RETRY = timedelta(seconds=30)
RETRIED = frozenset({"provider_unavailable", "internal_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that making a generation needs, read before the first call to the outside."""

    id: UUID
    tenant_id: UUID
    business_id: UUID
    environment: str
    kind: str
    wanted: Mapping[str, Any]
    attempt: int
    rules: BrandRules | None
    prediction: Mapping[str, Any]

    @property
    def has_images(self) -> bool:
        return self.kind == "image" or bool(self.wanted.get("include_images"))


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a job, as it is shown."""

    provider: str
    model: str
    variations: list[dict[str, Any]]


def run_inline(tenant_id: UUID, generation_id: UUID, *, now: datetime) -> None:
    """Carry out a generation that its own request holds; it is completed or failed afterwards.

    One with images is the loop's, which may have taken it already: nothing happens here.
    """
    with tenant_tx(tenant_id, readonly=True):
        row = Generation.objects.filter(pk=generation_id, status="processing", attempts=1).first()
        job = _job(row) if row is not None and is_inline(row.kind, row.input) else None
    if job is not None:
        _run(job, now=now, seconds=INLINE_S, last=True)


def run_due(now: datetime) -> int:
    """Carry out what is due in all tenants; returns how many were taken."""
    taken = 0
    for due in queries.GENERATIONS_DUE.rows(now=now):
        job = _claim(due["tenant_id"], due["id"], now)
        if job is not None:
            _run(job, now=now, seconds=BACKGROUND_S, last=job.attempt >= MOST_ATTEMPTS)
            taken += 1
    return taken


def _claim(tenant_id: UUID, generation_id: UUID, now: datetime) -> Job | None:
    with tenant_tx(tenant_id):
        row: Generation | None = (
            Generation.objects.select_for_update()
            .filter(pk=generation_id, status="processing", next_attempt_at__lte=now)
            .first()
        )
        if row is None:
            return None
        if row.attempts >= MOST_ATTEMPTS:  # its last worker died
            _close(row, code="internal_error", made=None, now=now)
            return None
        row.attempts += 1
        row.next_attempt_at = now + LEASE
        row.save(update_fields=["attempts", "next_attempt_at"])
        return _job(row)


def _job(row: Generation) -> Job:
    copy = row.kind != "image"
    return Job(
        id=row.pk,
        tenant_id=row.tenant_id,
        business_id=row.business_id,
        environment=row.environment,
        kind=row.kind,
        wanted=row.input,
        attempt=row.attempts,
        rules=queries.brand_rules(row.business_id),
        prediction=_prediction(row) if copy else {},
    )


def _prediction(row: Generation) -> dict[str, Any]:
    """Percent and its 80 % interval for a new ad of this business, or why there is none."""
    found = ctr.estimate(queries.ad_history(row.business_id), row.input["platform"])
    if isinstance(found, str):
        return {
            "predicted_ctr": None,
            "predicted_ctr_interval": None,
            "predicted_ctr_reason": found,
        }
    return {
        "predicted_ctr": round(100 * found.expected, 2),
        "predicted_ctr_interval": [round(100 * found.low, 2), round(100 * found.high, 2)],
        "predicted_ctr_reason": None,
    }


def _run(job: Job, *, now: datetime, seconds: float, last: bool) -> None:
    began = time.monotonic()
    made, code = None, ""
    try:
        made = _make(job, now=now, deadline=began + seconds)
    except MakingError as error:
        code = error.code
    except Exception:
        log.exception("generation_failed", generation=str(job.id), attempt=job.attempt)
        code = "internal_error"
    done = now + timedelta(seconds=time.monotonic() - began)
    with tenant_tx(job.tenant_id):
        row = (
            Generation.objects.select_for_update()
            .filter(pk=job.id, status="processing", attempts=job.attempt)
            .first()
        )
        if row is None:
            log.warning("generation_overtaken", generation=str(job.id), attempt=job.attempt)
        elif code in RETRIED and not last:
            row.next_attempt_at = done + RETRY * job.attempt
            row.save(update_fields=["next_attempt_at"])
        else:
            _close(row, code=code, made=made, now=done)


def _close(row: Generation, *, code: str, made: Made | None, now: datetime) -> None:
    """Completed with what was made and its credits spent, or failed with all given back."""
    row.status = "failed" if made is None else "completed"
    row.error_code, row.completed_at = code, now
    if made is None:
        release(row.reservation_id, now)
    else:
        row.provider, row.model, row.variations = made.provider, made.model, made.variations
        row.credits_used = row.credits_reserved
        settle(row.reservation_id, row.credits_used, now)
    row.save()
    public_id = encode("gen", row.pk)
    emit(
        "generation.completed",
        {
            "generation_id": public_id,
            "kind": row.kind,
            "status": row.status,
            "provider": row.provider,
            "variations": len(row.variations),
            "credits_used": row.credits_used,
        },
        tenant_id=row.tenant_id,
        environment=row.environment,
        now=now,
        business_id=row.business_id,
        target_id=public_id,
    )


def _make(job: Job, *, now: datetime, deadline: float) -> Made:
    copies: list[Copy] = []
    names: list[str] = []
    models: list[str] = []
    if job.kind != "image":
        writers = choosing.text_providers(job.wanted["provider"], environment=job.environment)
        writer, copies = write_copy(writers, _copy_brief(job), deadline=deadline)
        names, models = [writer.name], [writer.model]
    pictures: list[dict[str, Any]] = []
    if job.has_images:
        wanted = job.wanted["provider" if job.kind == "image" else "image_provider"]
        drawers = choosing.image_providers(wanted, environment=job.environment)
        drawer, contents = draw_pictures(drawers, _picture_briefs(job, copies), deadline=deadline)
        pictures = [_kept(job, content, now) for content in contents]
        names, models = [*names, drawer.name], [*models, drawer.model]
    rows = [{**one.model_dump(), "image_url": None, **job.prediction} for one in copies]
    variations = (
        [{**row, **picture} for row, picture in zip(rows, pictures, strict=True)]
        if rows and pictures
        else rows or pictures
    )
    return Made("+".join(dict.fromkeys(names)), "+".join(dict.fromkeys(models)), variations)


def _copy_brief(job: Job) -> CopyBrief:
    wanted = job.wanted
    return CopyBrief(
        description=wanted["product_description"],
        audience=wanted["target_audience"],
        tone=wanted["tone"],
        language=wanted["language"],
        platform=wanted["platform"],
        placement=wanted["placement"],
        types=tuple(wanted["types"]),
        count=wanted["count"],
        lengths=LENGTHS[wanted["platform"], wanted["placement"]],
        banned=tuple(job.rules.banned_words) if job.rules else (),
        voice=job.rules.voice if job.rules else "",
    )


def _picture_briefs(job: Job, copies: list[Copy]) -> list[PictureBrief]:
    """One brief a copy, else as many as are asked for."""
    prompt = job.wanted["prompt" if job.kind == "image" else "product_description"]
    texts = [one.headline for one in copies] or [prompt] * job.wanted["count"]
    brand = _brand(job)
    return [
        PictureBrief(
            prompt=prompt,
            text=text or prompt,
            style=job.wanted["style"],
            size=SIZES[job.wanted["size"]],
            number=number,
            brand=brand,
        )
        for number, text in enumerate(texts)
    ]


def _brand(job: Job) -> Brand:
    rules = job.rules
    if rules is None:
        return Brand()
    logo = b""
    if rules.logo is not None:
        logo = image_content(
            tenant_id=job.tenant_id, business_id=job.business_id, digest=rules.logo.digest
        )
    return Brand(colors=tuple(rules.colors), logo=logo)


def _kept(job: Job, content: bytes, now: datetime) -> dict[str, Any]:
    asset = store_image(
        tenant_id=job.tenant_id, business_id=job.business_id, content=content, now=now
    )
    return {
        "image_url": asset_url(asset),
        "asset_id": encode("ast", asset.pk),
        "width": asset.width,
        "height": asset.height,
    }


def run_forever(stop: threading.Event) -> None:
    """Carry out generations as the bell rings, and on the loop's own beat, until `stop` is set."""
    turns = Turns("generate")
    while not stop.is_set():
        try:
            while run_due(clock.now()):
                turns.good(clock.now())
            turns.good(clock.now())
        except Exception:
            log.exception("generate_loop_failed")
            connection.close()
        queue.wait(BELL, BEAT_S)
