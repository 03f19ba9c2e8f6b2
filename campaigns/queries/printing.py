"""Rows for printing: plain dictionaries, a constant number of statements."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from campaigns.models import Ad, AdSet, Campaign, Dispatch, DispatchStep
from campaigns.presenters import (
    AD_COLUMNS,
    AD_SET_COLUMNS,
    CAMPAIGN_COLUMNS,
    ad_json,
    ad_set_json,
    campaign_json,
)
from campaigns.queries.tree import visible
from core.actors import Actor
from core.errors import NotFoundError
from core.ids import decode
from platforms.metrics.queries import totals_by_campaign


def plain_rows(rows: QuerySet[Any], columns: Sequence[str]) -> QuerySet[Any, dict[str, Any]]:
    """The queryset as dictionaries of `columns`, without the joins a model would need; a column
    named `…_json` is a JSON column as text.
    """
    texts = {
        name: Cast(name.removesuffix("_json"), TextField())
        for name in columns
        if name.endswith("_json")
    }
    plain: QuerySet[Any, dict[str, Any]] = (
        rows.select_related(None).annotate(**texts).values(*columns)
    )
    return plain


def print_campaigns(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of CAMPAIGN_COLUMNS as JSON objects with their metrics, in one statement."""
    totals = totals_by_campaign([row["id"] for row in found]) if found else {}
    return [campaign_json(row, totals.get(row["id"])) for row in found]


def print_campaign(campaign_id: UUID) -> dict[str, Any]:
    """One campaign as JSON."""
    rows = Campaign.objects.filter(pk=campaign_id)
    return print_campaigns(list(plain_rows(rows, CAMPAIGN_COLUMNS)))[0]


def print_stored(campaign: Campaign) -> dict[str, Any]:
    """The row at hand as JSON, without metrics: what a change that is on its way leaves as it
    is.
    """
    row = {
        name: orjson.dumps(getattr(campaign, name.removesuffix("_json")))
        if name.endswith("_json")
        else getattr(campaign, name)
        for name in CAMPAIGN_COLUMNS
    }
    return {name: value for name, value in campaign_json(row).items() if name != "metrics"}


def print_ad_set(ad_set_id: UUID) -> dict[str, Any]:
    """One ad set as JSON."""
    return ad_set_json(AdSet.objects.values(*AD_SET_COLUMNS).get(pk=ad_set_id))


def print_ad(ad_id: UUID) -> dict[str, Any]:
    """One ad as JSON."""
    return ad_json(Ad.objects.values(*AD_COLUMNS).get(pk=ad_id))


def get_job(actor: Actor, public_id: str) -> tuple[Dispatch, Sequence[DispatchStep]]:
    """A Dispatch by `job_…` or `ver_…` with its steps; raises NotFoundError."""
    key = decode("job", public_id, aliases=("ver",))
    found = visible(Dispatch.objects.all(), actor).filter(pk=key).first()
    if found is None:
        raise NotFoundError
    return found, list(DispatchStep.objects.filter(dispatch=found).order_by("seq"))
