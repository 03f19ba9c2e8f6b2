"""Which ad account, page and pixel a campaign uses: the chosen one, the only one, or a question."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.gateway.plan import Subject
from campaigns.models import Campaign, DispatchStep
from core.errors import InvalidError
from core.ids import encode
from platforms.models import AdAccount, PlatformAsset


def choose_ad_account(subject: Subject, chosen: str) -> AdAccount:
    """The campaign's account; else the chosen, the default or the only one of the business."""
    campaign = subject.parent
    if campaign.ad_account is not None:
        return campaign.ad_account
    rows: QuerySet[AdAccount] = AdAccount.objects.filter(
        business_id=campaign.business_id,
        environment=campaign.environment,
        connection__disconnected_at=None,
    )
    accounts = list(rows.select_related("connection").order_by("name", "id"))
    if not accounts:
        raise InvalidError(
            _("No ad account is connected."),
            code="platform_not_connected",
            hint=_("POST /v1/platforms/facebook/connect and open its link."),
        )
    picked = [row for row in accounts if encode("acct", row.id) == chosen]
    found: AdAccount | None = _pick(picked, accounts, chosen=bool(chosen))
    if found is None:
        raise InvalidError(
            _("The business has several ad accounts; name one."),
            field="ad_account_id",
            code="choose_ad_account",
            details={
                "choices": [{"id": encode("acct", row.id), "name": row.name} for row in accounts]
            },
        )
    return found


def _pick[A: (AdAccount, PlatformAsset)](
    picked: Sequence[A], rows: Sequence[A], *, chosen: bool
) -> A | None:
    if chosen:
        return picked[0] if picked else None
    if len(rows) == 1:
        return rows[0]
    return next((row for row in rows if row.is_default), None)


def choose_page(account: AdAccount, chosen: str) -> str:
    """External id of the page that speaks for the ads."""
    return _choose(account, "page", chosen, required=True)


def choose_pixel(account: AdAccount, chosen: str, *, objective: str) -> str:
    """External id of the pixel that counts conversions; "" where the objective needs none."""
    return _choose(account, "pixel", chosen, required=objective == "CONVERSIONS")


def _choose(account: AdAccount, kind: str, chosen: str, *, required: bool) -> str:
    rows = PlatformAsset.objects.filter(connection_id=account.connection_id, kind=kind)
    assets = [
        row
        for row in rows.order_by("name", "id")
        if row.ad_account_external_id in ("", account.external_id)
    ]
    same = [row for row in assets if row.external_id == chosen]
    found: PlatformAsset | None = _pick(same, assets, chosen=bool(chosen))
    if found is not None:
        return str(found.external_id)
    if not required and not chosen:
        return ""
    choices = [{"id": row.external_id, "name": row.name} for row in assets]
    if kind == "page":
        message = _("Name the page that the ads speak for.")
    else:
        message = _("Name the pixel that counts conversions.")
    raise InvalidError(
        message, field=f"{kind}_id", code=f"choose_{kind}", details={"choices": choices}
    )


def assets_in_use(campaign: Campaign, account: AdAccount) -> tuple[str, str]:
    """Page and pixel a launched campaign was made with, else those `choose_*` pick."""
    steps = DispatchStep.objects.filter(
        dispatch__campaign_id=campaign.id, kind__in=["create_ad_set", "create_creative"]
    )
    params = steps.order_by("-id").values_list("params", flat=True)
    for values in params[:5]:
        if values.get("page_id") and "pixel_id" in values:
            return values["page_id"], values["pixel_id"]
    return choose_page(account, ""), choose_pixel(account, "", objective=campaign.objective)
