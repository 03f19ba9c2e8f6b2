"""Between our words and Graph's. Pure: no request, no clock.

Budgets are integers of the account currency's smallest unit, days become times in the account's
zone, every create is paused and carries its tag twice: as ` [<tag>]` behind the name and as the ad
label `adm-<tag>`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.canonical import digest
from core.money import MICROS, Money, from_minor, minor_micros
from platforms.domain.countries import EUROPEAN_UNION
from platforms.errors import PlatformError
from platforms.ports import (
    AdSetSpec,
    AdSpec,
    CampaignSpec,
    Changes,
    CreativeSpec,
    Credentials,
    InsightRow,
    RemoteObject,
)

OBJECTIVES = {
    "CONVERSIONS": "OUTCOME_SALES",
    "TRAFFIC": "OUTCOME_TRAFFIC",
    "AWARENESS": "OUTCOME_AWARENESS",
    "ENGAGEMENT": "OUTCOME_ENGAGEMENT",
    "LEADS": "OUTCOME_LEADS",
    "APP_INSTALLS": "OUTCOME_APP_PROMOTION",
}
ACCOUNT_STATUS = {
    1: "active", 2: "disabled", 3: "unsettled", 7: "disabled", 8: "unsettled", 9: "unsettled",
    100: "closed", 101: "closed", 201: "active", 202: "closed",
}  # fmt: skip
# Action types that count as the conversion of a row, best first. One is taken, never a sum: Meta
# reports the same purchase under several of them.
CONVERSION_ACTIONS = (
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
    "lead",
    "offsite_conversion.fb_pixel_lead",
    "complete_registration",
    "omni_app_install",
    "mobile_app_install",
)
MAX_NAME = 400
_TAGGED = re.compile(r" \[([0-9A-Za-z]{10})\]$")


@dataclass(frozen=True, slots=True)
class Goal:
    """What an ad set of one objective is optimised for, and what it promotes."""

    optimization_goal: str
    promotes: str = ""  # pixel, page, app
    event: str = ""
    destination_type: str = ""


GOALS = {
    "CONVERSIONS": Goal("OFFSITE_CONVERSIONS", "pixel", "PURCHASE", "WEBSITE"),
    "TRAFFIC": Goal("LINK_CLICKS", destination_type="WEBSITE"),
    "AWARENESS": Goal("REACH", "page"),
    "ENGAGEMENT": Goal("POST_ENGAGEMENT", destination_type="ON_POST"),
    "LEADS": Goal("OFFSITE_CONVERSIONS", "pixel", "LEAD", "WEBSITE"),
    "APP_INSTALLS": Goal("APP_INSTALLS", "app"),
}


def _refuse(message: str) -> PlatformError:
    return PlatformError("invalid", message, platform_code="not_sent")


def tagged(name: str, tag: str) -> str:
    """The remote name: ours, cut to Meta's 400 characters, with the tag behind it."""
    suffix = f" [{tag}]" if tag else ""
    return name[: MAX_NAME - len(suffix)] + suffix


def untagged(name: str) -> tuple[str, str]:
    """(our name, tag) of a remote name."""
    found = _TAGGED.search(name)
    return (name[: found.start()], found[1]) if found else (name, "")


def label(tag: str) -> str:
    """The name of the ad label that carries a tag."""
    return f"adm-{tag}"


def _common(name: str, tag: str) -> dict[str, Any]:
    return {"name": tagged(name, tag), "adlabels": [{"name": label(tag)}]}


def zone(credentials: Credentials) -> ZoneInfo:
    """The ad account's time zone; refuses one this machine does not know."""
    try:
        return ZoneInfo(credentials.timezone)
    except (KeyError, ValueError) as error:
        raise _refuse(
            _("The time zone %(name)s is not known.") % {"name": credentials.timezone[:60]}
        ) from error


def day_start(day: date, tz: ZoneInfo) -> str:
    """The first second of `day` as Graph writes times."""
    return f"{datetime.combine(day, time(), tz):%Y-%m-%dT%H:%M:%S%z}"


def day_end(day: date, tz: ZoneInfo) -> str:
    """The last second of `day`: an end date is a day of delivery."""
    return f"{datetime.combine(day, time(23, 59, 59), tz):%Y-%m-%dT%H:%M:%S%z}"


def _schedule(
    start: date | None, end: date | None, tz: ZoneInfo, *, end_field: str
) -> dict[str, str]:
    params = {}
    if start is not None:
        params["start_time"] = day_start(start, tz)
    if end is not None:
        params[end_field] = day_end(end, tz)
    return params


def budget_params(budget_type: str, budget: Money) -> dict[str, int]:
    """`daily_budget` or `lifetime_budget` in minor units; refuses what they cannot express."""
    if budget_type not in ("daily", "lifetime"):
        raise _refuse(_("A budget is daily or lifetime."))
    if budget.micros <= 0 or budget.micros % minor_micros(budget.currency):
        raise _refuse(_("The budget is not a whole number of the currency's smallest unit."))
    return {f"{budget_type}_budget": budget.minor}


def campaign_params(spec: CampaignSpec, *, tag: str, tz: ZoneInfo) -> dict[str, Any]:
    """`POST act_X/campaigns`: budget on the campaign, auction, paused."""
    return {
        **_common(spec.name, tag),
        "objective": OBJECTIVES[spec.objective],
        "status": "PAUSED",
        "buying_type": "AUCTION",
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "special_ad_categories": list(spec.special_ad_categories),
        **budget_params(spec.budget_type, spec.budget),
        **_schedule(spec.start_date, spec.end_date, tz, end_field="stop_time"),
    }


def ad_set_params(
    spec: AdSetSpec, *, tag: str, tz: ZoneInfo, advertiser: str = ""
) -> dict[str, Any]:
    """`POST act_X/adsets`: no budget of its own, goal by objective, paused."""
    goal = GOALS[spec.objective]
    targeting = targeting_spec(spec.targeting, spec.platforms)
    params = {
        **_common(spec.name, tag),
        "campaign_id": spec.campaign_external_id,
        "status": "PAUSED",
        "billing_event": "IMPRESSIONS",
        "optimization_goal": goal.optimization_goal,
        "targeting": targeting,
        **_schedule(spec.start_date, spec.end_date, tz, end_field="end_time"),
    }
    if goal.destination_type:
        params["destination_type"] = goal.destination_type
    if goal.promotes:
        params["promoted_object"] = _promoted(goal, spec)
    if goal.promotes == "pixel":
        params["attribution_spec"] = [{"event_type": "CLICK_THROUGH", "window_days": 7}]
    if advertiser and EUROPEAN_UNION & set(targeting["geo_locations"]["countries"]):
        params["dsa_beneficiary"] = params["dsa_payor"] = advertiser
    return params


def _promoted(goal: Goal, spec: AdSetSpec) -> dict[str, str]:
    if goal.promotes == "pixel" and spec.pixel_id:
        return {"pixel_id": spec.pixel_id, "custom_event_type": goal.event}
    if goal.promotes == "page" and spec.page_id:
        return {"page_id": spec.page_id}
    raise _refuse(
        _("Campaigns with the objective %(objective)s need a %(asset)s, and none is chosen.")
        % {"objective": spec.objective, "asset": goal.promotes}
    )


def targeting_spec(targeting: Mapping[str, Any], platforms: Iterable[str] = ()) -> dict[str, Any]:
    """Graph's targeting of the Agent API's: countries, ages, interests with ids.

    Interests given as free words are not sent: Meta takes ids only, and
    `platforms.domain.targeting` names what is left out. Advantage+ audience is always explicit and
    off, since it would treat ages as suggestions.
    """
    spec: dict[str, Any] = {
        "geo_locations": {"countries": countries_of(targeting)},
        "targeting_automation": {"advantage_audience": 0},
    }
    for name in ("age_min", "age_max"):
        if targeting.get(name) is not None:
            spec[name] = int(targeting[name])
    interests = [
        {"id": str(item["id"]), "name": str(item.get("name", ""))}
        for item in targeting.get("interests") or ()
        if isinstance(item, Mapping) and item.get("id")
    ]
    if interests:
        spec["flexible_spec"] = [{"interests": interests}]
    chosen = sorted(set(platforms) & {"facebook", "instagram"})
    if chosen:
        spec["publisher_platforms"] = chosen
    return spec


def merged_targeting(
    current: Mapping[str, Any], targeting: Mapping[str, Any] | None, platforms: Iterable[str]
) -> dict[str, Any]:
    """The remote targeting with our part replaced; what was set outside (exclusions, custom
    audiences) stays.
    """
    ours = ("geo_locations", "age_min", "age_max", "flexible_spec")
    merged = dict(current)
    if targeting is not None:
        for name in (*ours, "age_range"):
            merged.pop(name, None)
        merged.update(targeting_spec(targeting))
    chosen = sorted(set(platforms) & {"facebook", "instagram"})
    if chosen:
        for name in [key for key in merged if key.endswith("_positions")]:
            if name.partition("_")[0] not in chosen and name != "device_platforms":
                merged.pop(name)
        merged["publisher_platforms"] = chosen
    return merged


def countries_of(targeting: Mapping[str, Any]) -> list[str]:
    """ISO codes of the targeting's countries; refuses an unknown or missing one."""
    codes = []
    for location in targeting.get("locations") or ():
        value = location.get("value", "") if isinstance(location, Mapping) else location
        code = str(value).upper()
        if not re.fullmatch("[A-Z]{2}", code):
            raise _refuse(_("%(place)s is not a country code.") % {"place": str(value)[:60]})
        codes.append(code)
    if not codes:
        raise _refuse(_("The targeting names no country."))
    return sorted(set(codes))


def creative_params(spec: CreativeSpec, *, tag: str) -> dict[str, Any]:
    """`POST act_X/adcreatives`: a link ad of a page."""
    link: dict[str, Any] = {
        "link": spec.link_url,
        "message": spec.primary_text,
        "name": spec.headline,
        "description": spec.description,
        "image_hash": spec.image_hash,
    }
    link = {name: value for name, value in link.items() if value}
    link["call_to_action"] = {
        "type": (spec.call_to_action or "learn_more").upper(),
        "value": {"link": spec.link_url},
    }
    return {
        **_common(spec.name, tag),
        "object_story_spec": {"page_id": spec.page_id, "link_data": link},
    }


def ad_params(spec: AdSpec, *, tag: str) -> dict[str, Any]:
    """`POST act_X/ads`: paused; the link's host is where conversions happen."""
    params = {
        **_common(spec.name, tag),
        "adset_id": spec.ad_set_external_id,
        "creative": {"creative_id": spec.creative_external_id},
        "status": "PAUSED",
    }
    host = (urlsplit(spec.link_url).hostname or "").removeprefix("www.")
    if host:
        params["conversion_domain"] = host
    return params


def update_params(object_type: str, changes: Changes, *, tag: str, tz: ZoneInfo) -> dict[str, Any]:
    """`POST {id}` for everything but targeting, which has to be merged with the remote one."""
    params: dict[str, Any] = {}
    if changes.name is not None:
        params["name"] = tagged(changes.name, tag)
    if changes.budget is not None:
        params.update(budget_params(changes.budget_type or "", changes.budget))
    end_field = "stop_time" if object_type == "campaign" else "end_time"
    params.update(_schedule(changes.start_date, changes.end_date, tz, end_field=end_field))
    if changes.creative_external_id is not None:
        params["creative"] = {"creative_id": changes.creative_external_id}
    return params


def remote_object(
    object_type: str, row: Mapping[str, Any], *, currency: str, tz: ZoneInfo
) -> RemoteObject:
    """Our reading of a Graph node."""
    name, tag = untagged(str(row.get("name", "")))
    targeting = row.get("targeting")
    budget_type, budget = _budget(row, currency)
    return RemoteObject(
        object_type=object_type,
        external_id=str(row["id"]),
        name=name,
        tag=tag or _label_tag(row),
        parent_external_id=str(row.get("adset_id") or row.get("campaign_id") or ""),
        status=str(row.get("status", "")),
        effective_status=str(row.get("effective_status", "")),
        budget_type=budget_type,
        budget=budget,
        start_date=_day(row.get("start_time"), tz),
        end_date=_day(row.get("stop_time") or row.get("end_time"), tz, end=True),
        targeting_digest=digest(_without_floats(targeting)) if targeting else "",
        creative_external_id=str((row.get("creative") or {}).get("id", "")),
        issues=_issues(row),
        created_at=_moment(row.get("created_time")),
    )


def _budget(row: Mapping[str, Any], currency: str) -> tuple[str, Money | None]:
    """Type and amount of the budget; Graph writes `"0"` for the one that is not used."""
    for budget_type in ("daily", "lifetime"):
        minor = int(row.get(f"{budget_type}_budget") or 0)
        if minor:
            return budget_type, from_minor(minor, currency)
    return "", None


def tags_of(row: Mapping[str, Any]) -> set[str]:
    """Every tag a Graph node carries, by name or by label."""
    return {tag for tag in (untagged(str(row.get("name", "")))[1], _label_tag(row)) if tag}


def _label_tag(row: Mapping[str, Any]) -> str:
    for item in row.get("adlabels") or ():
        name = str(item.get("name", ""))
        if name.startswith("adm-"):
            return name.removeprefix("adm-")
    return ""


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _day(text: object, tz: ZoneInfo, *, end: bool = False) -> date | None:
    """The day of a time in the account's zone; midnight at the end closes the day before."""
    moment = _moment(text)
    if moment is None:
        return None
    return (moment.astimezone(tz) - timedelta(seconds=1 if end else 0)).date()


def _issues(row: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    issues = [
        {
            "code": str(item.get("error_code", "")),
            "level": str(item.get("level", "")),
            "summary": str(item.get("error_summary", "")),
            "message": str(item.get("error_message", "")),
        }
        for item in row.get("issues_info") or ()
    ]
    feedback = row.get("ad_review_feedback") or {}
    for reasons in feedback.values():
        if isinstance(reasons, Mapping):
            issues += [
                {
                    "code": "review",
                    "level": "AD",
                    "summary": str(summary),
                    "message": str(message),
                }
                for summary, message in reasons.items()
            ]
    return tuple(issues)


def _without_floats(value: object) -> Any:
    if isinstance(value, float):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _without_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_floats(item) for item in value]
    return value


def insight_row(row: Mapping[str, Any], *, currency: str) -> InsightRow:
    """One row of ad-level, daily insights by publisher platform; every scalar arrives as text."""
    kind = next(
        (
            kind
            for kind in CONVERSION_ACTIONS
            if any(item.get("action_type") == kind for item in row.get("actions") or ())
        ),
        "",
    )
    return InsightRow(
        ad_external_id=str(row["ad_id"]),
        day=date.fromisoformat(str(row["date_start"])),
        publisher_platform=str(row.get("publisher_platform", "")),
        impressions=int(row.get("impressions") or 0),
        clicks=int(row.get("clicks") or 0),
        spend=_money(row.get("spend"), currency),
        conversions=int(_action(row.get("actions"), kind)),
        conversion_value=_money(_action(row.get("action_values"), kind), currency),
    )


def _action(items: Iterable[Mapping[str, Any]] | None, kind: str) -> Decimal:
    for item in items or ():
        if kind and item.get("action_type") == kind:
            return _decimal(item.get("value"))
    return Decimal(0)


def _decimal(text: object) -> Decimal:
    try:
        return Decimal(str(text or 0))
    except InvalidOperation as error:
        raise PlatformError("unavailable", _("Meta sent a number that is none.")) from error


def _money(text: object, currency: str) -> Money:
    return Money(int((_decimal(text) * MICROS).to_integral_value()), currency)
