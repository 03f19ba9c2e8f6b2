"""Tools that change campaigns: each builds one command and submits it to the gate."""

from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from accounts.queries import business_for
from campaigns import approvals, queries
from campaigns.commands.values import plain
from campaigns.domain import words
from campaigns.domain.operations import OPERATIONS
from campaigns.domain.places import country_code
from campaigns.domain.words import fold, objective_of
from campaigns.models import Ad, AdSet
from campaigns.services.images import digest_of
from campaigns.tools.answers import Withdrawn, Written
from campaigns.tools.common import Change, Id, change, keyed_answer, once, scopes_of_kinds
from core.actors import Actor
from core.clock import now
from core.errors import AppError, InvalidError
from core.ids import encode
from core.money import from_decimal, parse_currency
from core.tenancy import tenant_tx
from core.tools import Answer, ToolInput, ToolSpec, declare


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(_("A number is needed."))  # noqa: TRY004 - pydantic makes it a refusal
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
BudgetType = Literal["daily", "lifetime"]
Platform = Literal["facebook", "instagram"]
OBJECTIVE = "One of " + ", ".join(words.OBJECTIVES) + "."
Day = Annotated[StrictStr, WithJsonSchema({"type": "string", "format": "date"})]


def _budget(value: Decimal, currency: str, field: str) -> int:
    money = from_decimal(value, currency, field=field)
    if money.micros <= 0:
        raise InvalidError(_("An amount is more than nothing."), field=field)
    return money.micros


def _objective(text: str, field: str) -> str:
    found = objective_of(text)
    if found is None:
        raise InvalidError(
            _("objective must be one of: %s.") % ", ".join(words.OBJECTIVES), field=field
        )
    return found


class CreateInput(Change):
    name: StrictStr = Field(description="One line.")
    budget: Amount = Field(description="In main units: 50 is USD 50.00.")
    budget_type: BudgetType = "daily"
    currency: StrictStr = Field("", description="ISO 4217; the business's own when left out.")
    objective: StrictStr = Field("TRAFFIC", description=OBJECTIVE)
    platforms: list[Platform] = ["facebook", "instagram"]
    business_id: StrictStr = Field("", description="biz_…; needed where there are several.")
    start_date: Day | None = None
    end_date: Day | None = None
    product_description: StrictStr = ""
    message: StrictStr = Field("", description="Text of the ad that a launch makes by itself.")
    target_url: StrictStr = Field("", description="Where that ad leads: https://…")
    audience_description: StrictStr = ""
    target_location: StrictStr = Field("", description="One country, by name or ISO code.")


_PLAIN = (
    "name", "platforms", "budget_type", "start_date", "end_date", "product_description", "message",
    "target_url", "audience_description", "target_location",
)  # fmt: skip


@once("create_campaign")
def create_campaign(actor: Actor, given: CreateInput) -> Answer:
    with tenant_tx(actor.tenant_id, readonly=True):
        business = business_for(actor, given.business_id)
    currency = parse_currency(given.currency or business.currency)
    fields = {
        **given.model_dump(include=set(_PLAIN), exclude_none=True),
        "business_id": encode("biz", business.pk),
        "objective": _objective(given.objective, "objective"),
        "currency": currency,
        "budget_micros": _budget(given.budget, currency, "budget"),
    }
    return change(actor, "create_campaign", fields, said=given, sent_as={"budget_micros": "budget"})


class LaunchInput(Change):
    campaign_id: Id = Field(description="camp_…")
    ad_account_id: StrictStr = Field("", description="acct_…; needed where there is no default.")
    page_id: StrictStr = ""
    pixel_id: StrictStr = ""


@once("launch_campaign")
def launch_campaign(actor: Actor, given: LaunchInput) -> Answer:
    names = {"campaign_id", "ad_account_id", "page_id", "pixel_id"}
    return change(actor, "launch_campaign", given.model_dump(include=names), said=given)


class BudgetInput(Change):
    campaign_id: Id = Field(description="camp_…")
    amount: Amount = Field(description="The new budget in main units: 55.5 is USD 55.50.")
    budget_type: BudgetType | None = Field(None, description="As it is now when left out.")


@once("manage_budget")
def manage_budget(actor: Actor, given: BudgetInput) -> Answer:
    with tenant_tx(actor.tenant_id, readonly=True):
        row = queries.get_campaign(actor, given.campaign_id)
    fields = {
        "campaign_id": given.campaign_id,
        "currency": row.currency,
        "budget_micros": _budget(given.amount, row.currency, "amount"),
    }
    kind = f"set_{given.budget_type or row.budget_type}_budget"
    return change(actor, kind, fields, said=given, sent_as={"budget_micros": "amount"})


class TargetingValues(ToolInput):
    countries: list[StrictStr] = Field(min_length=1, description="Names or ISO codes.")
    age_min: StrictInt = Field(18, ge=13, le=65)
    age_max: StrictInt = Field(65, ge=13, le=65)
    interests: list[StrictStr] = []


class Values(ToolInput):
    name: StrictStr | None = None
    objective: StrictStr | None = Field(None, description=OBJECTIVE)
    platforms: list[Platform] | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    product_description: StrictStr | None = None
    message: StrictStr | None = None
    target_url: StrictStr | None = None
    audience_description: StrictStr | None = None
    target_location: StrictStr | None = None
    targeting: TargetingValues | None = None


Action = Literal[
    "pause_campaign",
    "resume_campaign",
    "archive_campaign",
    "update_campaign",
    "set_schedule",
    "create_ad_set",
    "update_ad_set",
    "set_targeting",
    "pause_ad_set",
    "resume_ad_set",
    "archive_ad_set",
    "update_ad",
    "pause_ad",
    "resume_ad",
    "archive_ad",
]
PROPOSABLE: tuple[str, ...] = get_args(Action)


class ProposeInput(Change):
    action: Action
    target_id: Id = Field(
        description="camp_…, aset_… or ad_…, as the action's name says; create_ad_set: camp_…."
    )
    values: Values = Field(
        default_factory=Values,
        description="update_*: what changes. set_schedule: dates. set_targeting: targeting. "
        "create_ad_set: name and targeting. Empty for pause, resume and archive.",
    )


def _locations(countries: list[str]) -> list[dict[str, str]]:
    for index, name in enumerate(countries):
        if country_code(name) is None:
            field = f"values.targeting.countries.{index}"
            raise InvalidError(_("No country has that name or ISO code."), field=field)
    return [{"type": "country", "value": name} for name in countries]


def _values(given: Values) -> dict[str, Any]:
    fields = given.model_dump(exclude_none=True, exclude={"targeting"})
    if given.objective is not None:
        fields["objective"] = _objective(given.objective, "values.objective")
    if given.targeting is not None:
        wanted = given.targeting.model_dump(exclude={"countries"})
        fields["targeting"] = {**wanted, "locations": _locations(given.targeting.countries)}
    return fields


@once("propose_change")
def propose_change(actor: Actor, given: ProposeInput) -> Answer:
    creates = given.action == "create_ad_set"
    target = "campaign" if creates else OPERATIONS[given.action].target_type
    values = _values(given.values)
    fields = {f"{target}_id": given.target_id, **values}
    sent_as = {name: f"values.{name}" for name in values}
    sent_as[f"{target}_id"] = "target_id"
    return change(actor, given.action, fields, said=given, sent_as=sent_as)


class CreativeValues(ToolInput):
    headline: StrictStr = ""
    primary_text: StrictStr = ""
    description: StrictStr = ""
    image_url: StrictStr = Field("", description="Public https address; fetched and kept now.")
    link_url: StrictStr = Field(description="Where the ad leads: https://…")
    call_to_action: StrictStr = Field(
        "learn_more", description="One of " + ", ".join(words.CALLS_TO_ACTION) + "."
    )


class AttachInput(Change):
    ad_set_id: StrictStr = Field("", description="aset_… to add an ad to.")
    ad_id: StrictStr = Field("", description="ad_… whose content is replaced instead.")
    name: StrictStr = Field("", description="Of the new ad; its headline when left out.")
    creative: CreativeValues
    generation_id: StrictStr = Field("", description="gen_… that the content came from, if any.")


def attach_creative(actor: Actor, given: AttachInput) -> Answer:
    if bool(given.ad_set_id) == bool(given.ad_id):
        raise InvalidError(_("Name either ad_set_id or ad_id."), field="ad_set_id")
    image = _fetched(actor, given)
    return keyed_answer(
        actor, "attach_creative", given=given, effect=lambda: _attach(actor, given, image)
    )


def _fetched(actor: Actor, given: AttachInput) -> str | AppError:
    """The digest of the creative's image, or why there is none; a replay needs neither."""
    with tenant_tx(actor.tenant_id, readonly=True):
        row: Ad | AdSet = (
            queries.get_ad(actor, given.ad_id)
            if given.ad_id
            else queries.get_ad_set(actor, given.ad_set_id)
        )
        business_id = row.campaign.business_id
    try:
        url = given.creative.image_url
        return digest_of(url, actor=actor, business_id=business_id, now=now())
    except AppError as error:
        return error


def _attach(actor: Actor, given: AttachInput, image: str | AppError) -> Answer:
    if isinstance(image, AppError):
        raise image
    action = fold(given.creative.call_to_action).lower()
    creative = {**given.creative.model_dump(), "call_to_action": action, "image_digest": image}
    if given.ad_set_id:
        name = given.name or given.creative.headline
        fields = {"ad_set_id": given.ad_set_id, "name": name, "creative": creative}
        fields["generation_id"] = given.generation_id
        return change(actor, "create_ad", fields, said=given)
    fields = {"ad_id": given.ad_id, "creative": creative}
    if not given.name and not given.generation_id:
        return change(actor, "push_creative", fields, said=given)
    named = {"name": given.name, "generation_id": given.generation_id}
    fields |= {name: value for name, value in named.items() if value}
    return change(actor, "update_ad", fields, said=given)


class CancelInput(ToolInput):
    pending_action_id: Id = Field(description="pa_… of an own proposal.")
    comment: Annotated[StrictStr, AfterValidator(plain)] = Field("", max_length=2000)


def cancel(actor: Actor, given: CancelInput) -> Answer:
    row = approvals.cancel(given.pending_action_id, actor=actor, now=now(), comment=given.comment)
    public = encode("pa", row.pk)
    step = _("Withdrawn; nothing was changed at the platform.")
    return Answer({"pending_action_id": public, "status": row.status, "next_step": step})


_GATE = (
    "The answer's status says whether it is applied, dispatching, pending_approval (a person "
    "decides at dashboard_url) or denied."
)
declare(
    ToolSpec(
        name="create_campaign",
        title="Create a campaign",
        description=(
            "Create a campaign as a local draft with a budget: nothing reaches a platform and "
            "nothing is spent before launch_campaign. Then add ad sets with propose_change "
            "(create_ad_set) and ads with attach_creative, or give message, target_url and "
            f"target_location and let the launch make one of each. {_GATE}"
        ),
        scopes=scopes_of_kinds("create_campaign"),
        input=CreateInput,
        output=Written,
        run=create_campaign,
        idempotent=True,
    ),
    ToolSpec(
        name="launch_campaign",
        title="Launch a campaign",
        description=(
            "Create a draft campaign with all its ad sets and ads at Facebook and Instagram and "
            "switch it on: from then on it spends real money up to its budget. Use it once the "
            "user agrees; to switch a paused one on again use propose_change (resume_campaign). "
            f"{_GATE}"
        ),
        scopes=scopes_of_kinds("launch_campaign"),
        input=LaunchInput,
        output=Written,
        run=launch_campaign,
        destructive=True,
        idempotent=True,
        open_world=True,
    ),
    ToolSpec(
        name="manage_budget",
        title="Set a budget",
        description=(
            "Set one campaign's daily or lifetime budget to a new amount, within the ceilings that "
            "get_workspace_overview shows. To move money between campaigns lower one and raise "
            f"another under the same group_id; for anything else use propose_change. {_GATE}"
        ),
        scopes=scopes_of_kinds("set_daily_budget", "set_lifetime_budget"),
        input=BudgetInput,
        output=Written,
        run=manage_budget,
        idempotent=True,
    ),
    ToolSpec(
        name="propose_change",
        title="Propose a change",
        description=(
            "Pause, resume, archive, rename, reschedule, retarget or edit a campaign, ad set or "
            "ad, or add an ad set. Read the object with get_campaign first. Not for budgets "
            "(manage_budget), ad content (attach_creative) or a first launch (launch_campaign). "
            f"Drafts change at once; what runs is changed under the business's authority. {_GATE}"
        ),
        scopes=scopes_of_kinds(*PROPOSABLE),
        input=ProposeInput,
        output=Written,
        run=propose_change,
        idempotent=True,
    ),
    ToolSpec(
        name="attach_creative",
        title="Put content on an ad",
        description=(
            "Add an ad with this content to an ad set (ad_set_id), or replace the content of an ad "
            "(ad_id). The image is fetched and kept as it is now, and the platform reviews what "
            f"runs. {_GATE}"
        ),
        scopes=scopes_of_kinds("create_ad", "push_creative"),
        input=AttachInput,
        output=Written,
        run=attach_creative,
        idempotent=True,
    ),
    ToolSpec(
        name="cancel_pending_action",
        title="Withdraw a proposal",
        description=(
            "Withdraw a proposal of this credential that no person has decided yet. Use it when "
            "the user no longer wants the change; to put a better one in its place send that one "
            "with supersedes instead."
        ),
        scopes=frozenset({"ads:read"}),
        input=CancelInput,
        output=Withdrawn,
        run=cancel,
        idempotent=True,
    ),
)
