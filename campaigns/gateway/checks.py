"""Rules on fields; every refusal names the field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from campaigns.domain.minimums import minimum_micros
from campaigns.domain.places import country_code
from campaigns.domain.words import OBJECTIVES
from campaigns.gateway.plan import Subject
from campaigns.models import Campaign
from core.errors import ConflictError, InvalidError
from core.money import display, minor_micros, to_number
from creatives.queries import is_generation_of
from platforms.domain.words import OBJECTIVES_NOT_OFFERED


def check_budget(micros: int, currency: str) -> None:
    """At least the currency's minimum, in whole minor units."""
    least = minimum_micros(currency)
    if least is None:
        raise InvalidError(
            _("Budgets in %(currency)s are not supported.") % {"currency": currency},
            field="currency",
            code="currency_not_supported",
        )
    if micros < least:
        raise InvalidError(
            _("The budget must be at least %(amount)s.") % {"amount": display(least, currency)},
            field="budget_micros",
            code="campaign_budget_too_low",
            details={"min_value": to_number(least, currency)},
        )
    if micros % minor_micros(currency):
        raise InvalidError(
            _("The budget has more decimals than %(currency)s.") % {"currency": currency},
            field="budget_micros",
        )


def check_room(present: int, most: int, *, what: str) -> None:
    """A tree stays small enough to be read, approved and launched in one go."""
    if present >= most:
        raise InvalidError(
            _("At most %(count)s %(what)s.") % {"count": most, "what": what},
            code="too_many",
            hint=_("Archive one that is not needed, or add to another one."),
            details={"max_count": most},
        )


def check_generation(subject: Subject, public_id: str) -> None:
    """Content that is said to be generated was, for this business."""
    if public_id and not is_generation_of(subject.parent.business_id, public_id):
        raise InvalidError(
            _("The business has no such generation."),
            field="generation_id",
            code="generation_not_found",
            hint=_("Send the id of one that GET /v1/ai/generations lists, or leave it out."),
        )


def check_schedule(start: date | None, end: date | None, *, today: date) -> None:
    """An end in the past, or before the start, is refused."""
    if end is not None and end < today:
        raise InvalidError(
            _("The end date is in the past."), field="end_date", code="schedule_in_past"
        )
    if start is not None and end is not None and start > end:
        raise InvalidError(
            _("The start date is after the end date."), field="start_date", code="schedule_order"
        )


def check_currency(currency: str, campaign: Campaign) -> None:
    """A budget is given in the campaign's own currency."""
    if currency != campaign.currency:
        raise InvalidError(
            _("The campaign is priced in %(currency)s.") % {"currency": campaign.currency},
            field="currency",
            code="currency_mismatch",
        )


def check_business_currency(currency: str, expected: str) -> None:
    """A campaign is priced in its business's currency."""
    if currency != expected:
        raise InvalidError(
            _("The business is priced in %(currency)s.") % {"currency": expected},
            field="currency",
            code="currency_mismatch",
        )


def check_location(text: str) -> str:
    """ISO code of the country a text names."""
    code = country_code(text)
    if code is None:
        raise InvalidError(
            _("target_location must be one country, by name or ISO code."),
            field="target_location",
            code="target_location_unknown" if text else "target_location_missing",
        )
    return code


def check_open(subject: Subject) -> None:
    """Archived and deleted objects do not change; resuming brings an archived one back."""
    for node in (subject.campaign, subject.ad_set, subject.ad):
        if node is not None and node.status in ("ARCHIVED", "DELETED"):
            raise ConflictError(
                _("The object is archived."), code="archived", hint=_("Resume it first.")
            )


def check_lifetime(values: Mapping[str, Any], campaign: Campaign) -> None:
    """A lifetime budget at the platform needs an end."""
    kind = values.get("budget_type", campaign.budget_type)
    if kind == "lifetime" and not values.get("end_date", campaign.end_date):
        raise InvalidError(
            _("A lifetime budget needs an end date."), field="end_date", code="end_date_required"
        )


def check_objective(objective: str, *, platform: str) -> None:
    """The platform's connector can carry the objective out."""
    missing = OBJECTIVES_NOT_OFFERED.get(platform, frozenset())
    if objective not in missing:
        return
    choices = [word for word in OBJECTIVES if word not in missing]
    raise InvalidError(
        _("Campaigns with the objective %(objective)s cannot be launched here.")
        % {"objective": objective},
        field="objective",
        code="objective_not_available",
        details={"choices": choices},
        hint=_("Set the objective to one of: %(choices)s. Then launch again.")
        % {"choices": ", ".join(choices)},
    )
