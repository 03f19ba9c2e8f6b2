"""Reads at Meta."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core import clock
from core.text import visible
from platforms.errors import PlatformError
from platforms.meta.client import MetaClient
from platforms.meta.errors import REPORT_TOO_BIG
from platforms.meta.mapping import ACCOUNT_STATUS, insight_row, remote_object, tags_of, zone
from platforms.ports import AccountInfo, Credentials, InsightRow, NamedAsset, RemoteObject

PAGE = 500
FEW = 3  # objects read one by one; more come from the edge's list
REPORT_DEADLINE_S = 300
REPORT_POLL_S = 2.0
# Deleted objects are in no list; they are read by id. Without these words archived ones hide too.
_LISTED = ("ACTIVE", "PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES")
_LISTED_ADS = (
    *_LISTED, "CAMPAIGN_PAUSED", "ADSET_PAUSED", "PENDING_REVIEW", "PREAPPROVED", "DISAPPROVED",
    "PENDING_BILLING_INFO",
)  # fmt: skip
_INSIGHT_FIELDS = "ad_id,impressions,clicks,spend,actions,action_values"


@dataclass(frozen=True, slots=True)
class Edge:
    """Where objects of one type are listed, and the fields we read."""

    name: str
    fields: str
    statuses: tuple[str, ...] = ()
    has_parent: bool = False


_NODE = "id,name,status,adlabels"
EDGES = {
    "campaign": Edge(
        "campaigns",
        f"{_NODE},effective_status,daily_budget,lifetime_budget,start_time,stop_time,issues_info,"
        "created_time",
        _LISTED,
    ),
    "ad_set": Edge(
        "adsets",
        f"{_NODE},campaign_id,effective_status,daily_budget,lifetime_budget,start_time,end_time,"
        "targeting,issues_info,created_time",
        (*_LISTED, "CAMPAIGN_PAUSED"),
        has_parent=True,
    ),
    "ad": Edge(
        "ads",
        f"{_NODE},adset_id,creative,effective_status,issues_info,ad_review_feedback,created_time",
        _LISTED_ADS,
        has_parent=True,
    ),
    "creative": Edge("adcreatives", _NODE),
}


class MetaReader:
    """`platforms.ports.Reader` for Meta. Lists may show a create 5 to 30 s late."""

    read_lag_s = 30

    def __init__(
        self,
        credentials: Credentials,
        *,
        timeout_s: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials = credentials
        self._client = MetaClient(credentials, timeout_s=timeout_s)
        self._sleep = sleep

    def list_accounts(self) -> list[AccountInfo]:
        """The ad accounts the person shared."""
        fields = "id,name,account_status,currency,timezone_name"
        return [
            AccountInfo(
                external_id=str(row["id"]),
                name=visible(str(row.get("name") or "")) or str(row["id"]),
                currency=str(row["currency"]),
                timezone=str(row["timezone_name"]),
                status=ACCOUNT_STATUS.get(int(row.get("account_status", 0)), "disabled"),
            )
            for row in self._client.pages("me/adaccounts", {"fields": fields, "limit": 100})
        ]

    def list_pages(self) -> list[NamedAsset]:
        """The Facebook pages ads may speak as."""
        return self._assets("me/accounts")

    def list_pixels(self, account: str) -> list[NamedAsset]:
        """The pixels an ad account may optimise for."""
        return self._assets(f"{account}/adspixels")

    def _assets(self, path: str) -> list[NamedAsset]:
        rows = self._client.pages(path, {"fields": "id,name", "limit": 100})
        return [
            NamedAsset(
                external_id=str(row["id"]),
                name=visible(str(row.get("name") or "")) or str(row["id"]),
            )
            for row in rows
        ]

    def read(self, object_type: str, external_id: str, *, currency: str) -> RemoteObject:
        """One object by id, deleted ones included; raises `not_found`."""
        row = self._client.get(external_id, {"fields": EDGES[object_type].fields})
        return self._object(object_type, row, currency)

    def read_many(
        self, account: str, object_type: str, ids: Iterable[str], *, currency: str
    ) -> list[RemoteObject]:
        """The objects that exist, in no order; what the list does not show is read by id."""
        wanted = set(ids)
        found = {}
        if len(wanted) > FEW:
            for row in self._list(f"{account}/{EDGES[object_type].name}", object_type):
                if str(row["id"]) in wanted:
                    found[str(row["id"])] = self._object(object_type, row, currency)
        for external_id in wanted - found.keys():
            try:
                found[external_id] = self.read(object_type, external_id, currency=currency)
            except PlatformError as error:
                if error.kind != "not_found":
                    raise
        return list(found.values())

    def find_by_tag(
        self, account: str, object_type: str, tag: str, *, currency: str, parent: str = ""
    ) -> list[RemoteObject]:
        """Objects whose name or label carries `tag`, oldest first.

        The list is read to its end: its order is not documented, and Graph's name filter is not
        either. `parent` keeps it short for ad sets and ads.
        """
        edge = EDGES[object_type]
        path = f"{parent or account}/{edge.name}" if edge.has_parent else f"{account}/{edge.name}"
        fields = "id,name,adlabels"
        rows = [row for row in self._list(path, object_type, fields=fields) if tag in tags_of(row)]
        objects = [self.read(object_type, str(row["id"]), currency=currency) for row in rows]
        return sorted(
            objects,
            key=lambda item: (item.created_at is None, item.created_at or 0, int(item.external_id)),
        )

    def find_image(self, account: str, image_hash: str) -> str:
        """The hash itself where the account has the image, else an empty text."""
        params = {"hashes": [image_hash], "fields": "hash"}
        rows = self._client.pages(f"{account}/adimages", params)
        return next((str(row["hash"]) for row in rows if row.get("hash") == image_hash), "")

    def insights(
        self, account: str, *, since: date, until: date, currency: str
    ) -> Iterator[InsightRow]:
        """Rows of the account's ads, day by day; an account too big for one answer is asked for an
        asynchronous report.
        """
        params = {
            "level": "ad",
            "fields": _INSIGHT_FIELDS,
            "time_range": {"since": since.isoformat(), "until": until.isoformat()},
            "time_increment": "1",
            "breakdowns": ["publisher_platform"],
        }
        path = f"{account}/insights"
        try:
            rows = list(self._client.pages(path, {**params, "limit": PAGE}))
        except PlatformError as error:
            if error.platform_code not in REPORT_TOO_BIG:
                raise
            run = self._finished_report(path, params)
            rows = list(self._client.pages(f"{run}/insights", {"limit": PAGE}))
        for row in rows:
            yield insight_row(row, currency=currency)

    def _finished_report(self, path: str, params: dict[str, Any]) -> str:
        """The id of a completed report run; raises `unavailable` when there will be none."""
        run = str(self._client.query(path, params)["report_run_id"])
        fields = "async_status,async_percent_completion"
        for _poll in range(int(REPORT_DEADLINE_S / REPORT_POLL_S)):
            status = self._client.get(run, {"fields": fields}).get("async_status")
            if status == "Job Completed":
                return run
            if status in ("Job Failed", "Job Skipped"):
                break
            self._sleep(REPORT_POLL_S)
        raise PlatformError("unavailable", _("Meta could not finish the report."))

    def platform_now(self) -> datetime:
        """The platform's time: the simulator's own for test connections, the wall clock for
        live ones.
        """
        if self._credentials.environment != "test":
            return clock.now()
        self._client.get("me", {"fields": "id"})
        if self._client.sim_now is None:
            raise PlatformError("unavailable", _("The simulator did not say its time."))
        return self._client.sim_now

    def _list(self, path: str, object_type: str, *, fields: str = "") -> Iterator[dict[str, Any]]:
        edge = EDGES[object_type]
        params: dict[str, Any] = {"fields": fields or edge.fields, "limit": PAGE}
        if edge.statuses:
            params["effective_status"] = list(edge.statuses)
        return self._client.pages(path, params)

    def _object(self, object_type: str, row: dict[str, Any], currency: str) -> RemoteObject:
        return remote_object(object_type, row, currency=currency, tz=zone(self._credentials))
