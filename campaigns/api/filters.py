"""Query parameters of the lists."""

from typing import Annotated

import pydantic
from pydantic import BeforeValidator

from campaigns.api import meanings
from campaigns.domain.words import fold
from core.shapes import OneOf, PageQuery, an_id


def _folded(value: object) -> object:
    return fold(value) if isinstance(value, str) else value


CampaignId = Annotated[str, an_id("camp")]


class CampaignQuery(PageQuery):
    """Which campaigns; the status in any case."""

    status: Annotated[str, OneOf(meanings.STATUS), BeforeValidator(_folded)] | None = None
    business_id: Annotated[str, an_id("biz")] = ""


class PendingQuery(PageQuery):
    """Which proposals; without `status` those that wait."""

    status: (
        Annotated[str, OneOf({**meanings.PENDING_STATUS, "all": "whatever became of them"})] | None
    ) = None
    axis: Annotated[str, OneOf(meanings.AXIS)] | None = None
    risk: Annotated[str, OneOf(meanings.RISK)] | None = None
    kind: Annotated[str, pydantic.Field(description="The `action` of the proposal.")] = ""
    proposer: Annotated[str, pydantic.Field(description="Id of who proposed it.")] = ""
    campaign_id: CampaignId = ""
