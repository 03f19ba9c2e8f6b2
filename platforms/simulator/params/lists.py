"""Parameters of list edges."""

from typing import Annotated, Any, Literal

from pydantic import Field

from platforms.simulator.params.common import Flag, FromJson, Params, Texts, Unsigned

Operator = Literal[
    "EQUAL",
    "NOT_EQUAL",
    "CONTAIN",
    "NOT_CONTAIN",
    "IN",
    "NOT_IN",
    "GREATER_THAN",
    "LESS_THAN",
    "GREATER_THAN_OR_EQUAL",
    "LESS_THAN_OR_EQUAL",
    "IN_RANGE",
]


class Filter(Params):
    field: str
    operator: Operator
    value: Any


Filters = Annotated[list[Filter], FromJson]
CampaignStatus = Literal["ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"]
AdSetStatus = CampaignStatus | Literal["CAMPAIGN_PAUSED"]
AdStatus = (
    AdSetStatus
    | Literal[
        "ADSET_PAUSED", "PENDING_REVIEW", "DISAPPROVED", "PREAPPROVED", "PENDING_BILLING_INFO"
    ]
)


class ListQuery(Params):
    """A page of an edge."""

    fields: Any = None
    limit: Annotated[Unsigned, Field(ge=1)] = 25
    after: str = ""
    filtering: Filters = []
    summary: str | Flag | None = None

    def statuses(self) -> set[str]:
        """The effective statuses asked for; empty for the edge's own choice."""
        return {str(one) for one in getattr(self, "effective_status", None) or []}


class CampaignList(ListQuery):
    effective_status: Annotated[list[CampaignStatus], FromJson] | None = None


class AdSetList(ListQuery):
    effective_status: Annotated[list[AdSetStatus], FromJson] | None = None
    updated_since: Unsigned | None = None


class AdList(ListQuery):
    effective_status: Annotated[list[AdStatus], FromJson] | None = None
    updated_since: Unsigned | None = None


class LabelQuery(ListQuery):
    ad_label_ids: Texts
    operator: Literal["ANY", "ALL"] = "ANY"


class PlainPage(Params):
    """A page of an edge without filters (accounts, pages, pixels)."""

    fields: Any = None
    limit: Annotated[Unsigned, Field(ge=1)] = 25
    after: str = ""
    summary: str | Flag | None = None
    sort_by: str | None = None


BY_KIND: dict[str, type[ListQuery]] = {"campaign": CampaignList, "adset": AdSetList, "ad": AdList}
