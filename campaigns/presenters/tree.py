"""Campaigns, ad sets, ads as the Agent API prints them. Input are rows of `values()`, or of
`values_list()` where many are printed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _
from orjson import Fragment, dumps

from core.ids import encode, encode_number
from platforms.domain.targeting import unsent_interests
from platforms.metrics.queries import read_totals

# What a campaign's row brings as one text, since none of it can hold the separator, and then what
# may: the database and its driver spend half as much on it as on as many columns.
SEPARATOR = "\x1f"
FACTS = (
    "id",
    "business_id",
    "ad_account_id",
    "status",
    "effective_status",
    "issues",
    "objective",
    "platforms",
    "budget_type",
    "budget_micros",
    "currency",
    "start_date",
    "end_date",
    "optimization",
    "launched_at",
    "created_at",
    "updated_at",
)
WORDS = (
    "name",
    "external_id",
    "product_description",
    "message",
    "target_url",
    "audience_description",
    "target_location",
)
CAMPAIGN_COLUMNS = ("facts", *WORDS)
AD_SET_COLUMNS = (
    "id",
    "campaign_id",
    "name",
    "status",
    "effective_status",
    "external_id",
    "issues",
    "targeting",
    "created_at",
    "updated_at",
)
CONTENT = ("headline", "primary_text", "description", "image_url", "call_to_action", "link_url")
AD_COLUMNS = (
    "id",
    "campaign_id",
    "ad_set_id",
    "name",
    "status",
    "effective_status",
    "external_id",
    "issues",
    "generation_id",
    "created_at",
    "updated_at",
    "creative_id",
    *(f"creative__{name}" for name in CONTENT),
)


_precision = cache(get_currency_precision)


def _id(prefix: str, text: str) -> str:
    return encode_number(prefix, int(text.replace("-", ""), 16))


_repeated = lru_cache(4096)(_id)  # of what many rows share


def _time(text: str) -> str | None:
    """What the database writes for a time in UTC as `iso_z` prints it."""
    return f"{text[:10]}T{text[11:19]}Z" if text else None


def iso_z(moment: datetime | None) -> str | None:
    """UTC time with Z, to the second."""
    return None if moment is None else moment.isoformat()[:19] + "Z"


def amount(micros: int, currency: str) -> int | float:
    """Main units: the double nearest to the exact amount, an integer without decimals."""
    return micros / 1_000_000 if _precision(currency) else micros // 1_000_000


def ratio(top: int, base: int, places: int) -> float | None:
    """The double nearest to top / base rounded half up; None without a base."""
    if not base:
        return None
    scale: int = 10**places
    rounded: int = (2 * top * scale + base) // (2 * base)
    return rounded / scale


def metrics_json(sums: Sequence[int] | None, currency: str) -> dict[str, Any]:
    """Delivery as the fields of a Totals sum it up; a ratio without a base is null, not zero."""
    shown, clicks, spent, won, value = sums or (0, 0, 0, 0, 0)
    return {
        "impressions": shown,
        "clicks": clicks,
        "ctr": ratio(100 * clicks, shown, 2),
        "conversions": won,
        "spend": amount(spent, currency),
        "cpc": ratio(spent, clicks * 1_000_000, _precision(currency)),
        "roas": ratio(value, spent, 2),
    }


@cache
def _undelivered(currency: str) -> Fragment:
    return Fragment(dumps(metrics_json(None, currency)))


def _metrics(sums: str, currency: str) -> Any:
    return metrics_json(read_totals(sums), currency) if sums else _undelivered(currency)


def campaign_json(row: Sequence[Any]) -> dict[str, Any]:
    """The superset of the guide's flat and nested shapes, of a row of CAMPAIGN_COLUMNS: FACTS and
    the lifetime sums as the database writes them, empty where NULL, and WORDS.
    """
    facts, name, external_id, description, message, target_url, audience, location = row
    (
        key, business, account, status, effective_status, issues, objective, platforms,
        budget_type, micros, currency, start_date, end_date, optimization,
        launched_at, created_at, updated_at, sums,
    ) = facts.split(SEPARATOR)  # fmt: skip
    budget = amount(int(micros), currency)
    return {
        "id": _id("camp", key),
        "business_id": _repeated("biz", business),
        "ad_account_id": _repeated("acct", account) if account else None,
        "name": name,
        "objective": objective,
        "status": status,
        "effective_status": effective_status,
        "issues": Fragment(issues),
        "product_description": description,
        "message": message,
        "target_url": target_url,
        "audience_description": audience,
        "target_location": location,
        "daily_budget": budget if budget_type == "daily" else None,
        "budget": {"type": budget_type, "amount": budget, "currency": currency},
        "schedule": {"start_date": start_date or None, "end_date": end_date or None},
        "platforms": Fragment(platforms),
        "optimization": Fragment(optimization),
        "metrics": _metrics(sums, currency),
        "facebook_campaign_id": external_id or None,
        "launched_at": _time(launched_at),
        "created_at": _time(created_at),
        "updated_at": _time(updated_at),
    }


def targeting_warnings(targeting: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What of a targeting no platform will hear of, so that nobody takes it for delivered."""
    unsent = unsent_interests(targeting)
    if not unsent:
        return []
    message = _("Meta takes interests by its own ids; these words are kept here but not sent.")
    return [{"code": "interests_not_sent", "message": message, "values": unsent}]


def ad_set_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """An ad set."""
    return {
        "id": encode("aset", row["id"]),
        "campaign_id": encode("camp", row["campaign_id"]),
        "name": row["name"],
        "status": row["status"],
        "effective_status": row["effective_status"],
        "issues": row["issues"],
        "targeting": row["targeting"],
        "warnings": targeting_warnings(row["targeting"]),
        "facebook_ad_set_id": row["external_id"] or None,
        "created_at": iso_z(row["created_at"]),
        "updated_at": iso_z(row["updated_at"]),
    }


def ad_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """An ad with its creative."""
    creative: UUID = row["creative_id"]
    return {
        "id": encode("ad", row["id"]),
        "campaign_id": encode("camp", row["campaign_id"]),
        "ad_set_id": encode("aset", row["ad_set_id"]),
        "name": row["name"],
        "status": row["status"],
        "effective_status": row["effective_status"],
        "issues": row["issues"],
        "creative": {
            "id": encode("crt", creative),
            **{name: row[f"creative__{name}"] for name in CONTENT},
        },
        "generation_id": row["generation_id"] or None,
        "facebook_ad_id": row["external_id"] or None,
        "created_at": iso_z(row["created_at"]),
        "updated_at": iso_z(row["updated_at"]),
    }
