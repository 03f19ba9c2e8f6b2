"""The first tool to call: what there is, and what an agent may do with it."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import Field, StrictStr

from accounts.models import Business
from accounts.queries import get_business, list_businesses
from campaigns.models import SpendCeiling
from campaigns.presenters.tree import amount
from campaigns.queries.workspace import Governance, governance, tenant_ceilings
from campaigns.tools.answers import Workspace
from campaigns.tools.common import reading
from core.actors import Actor
from core.ids import encode
from core.tenancy import tenant_tx
from core.tools import Answer, ToolInput, declare

SHOWN = 10


class WorkspaceInput(ToolInput):
    business_id: StrictStr = Field("", description="Only this business (biz_…).")


def _ceiling(row: SpendCeiling) -> dict[str, Any]:
    return {
        "scope": row.scope,
        "limit_per_day": amount(row.limit_micros, row.currency),
        "used": amount(row.used_micros, row.currency) if row.scope != "action" else None,
        "currency": row.currency,
    }


def _business(row: Business, rules: Governance) -> dict[str, Any]:
    public = encode("biz", row.pk)
    return {
        "id": public,
        "name": row.name,
        "currency": row.currency,
        "authority": rules.modes,
        "kill_switch_engaged": rules.is_killed,
        "ceilings": [_ceiling(one) for one in rules.ceilings],
        "connections": [
            {"id": one.public_id, "platform": one.platform, "status": one.status}
            for one in rules.connections
        ],
        "ad_accounts": [
            {
                "id": encode("acct", one.pk),
                "name": one.name,
                "currency": one.currency,
                "timezone": one.timezone,
                "is_default": one.is_default,
            }
            for one in rules.ad_accounts[:SHOWN]
        ],
        "campaigns": rules.campaigns,
        "pending_actions": rules.pending,
        "policy_url": f"{settings.PUBLIC_URL}/policy/?business={public}",
    }


def _next_step(rows: list[Business], rules: list[Governance]) -> str:
    if not rows:
        return _("There is no business yet: a person creates one in the dashboard.")
    if any(one.is_killed for one in rules):
        return _("A kill switch is engaged: nothing changes until a person releases it.")
    if not any(one.connections for one in rules):
        return _("Nothing is connected: ask the user to connect Facebook in the dashboard.")
    return _("Call list_campaigns, or create_campaign.")


def workspace(actor: Actor, given: WorkspaceInput) -> Answer:
    with tenant_tx(actor.tenant_id, readonly=True):
        if given.business_id:
            rows, total = [get_business(actor, given.business_id)], 1
        else:
            every = list_businesses(actor)
            rows, total = list(every[:SHOWN]), every.count()
        found = governance(actor, rows)
        is_limited = actor.business_id is not None or actor.business_ids is not None
        over_all = [] if is_limited else tenant_ceilings(str(actor.environment))
        rules = [found[row.pk] for row in rows]
        return Answer(
            {
                "environment": str(actor.environment),
                "scopes": sorted(actor.scopes),
                "businesses": [_business(row, found[row.pk]) for row in rows],
                "ceilings_over_all": [_ceiling(one) for one in over_all],
                "more_businesses": total - len(rows),
                "next_step": _next_step(rows, rules),
            }
        )


declare(
    reading(
        name="get_workspace_overview",
        title="Workspace overview",
        description=(
            "Show the businesses this credential reaches, each with its connections, ad accounts, "
            "spend ceilings, kill switch, count of campaigns and of own waiting proposals, and "
            "its authority: for each axis (creative, tactical, structural) whether a change by an "
            "agent is refused (off), waits for a person (draft) or is carried out (auto). Call it "
            "first in a session, and again after a denial. For campaigns call list_campaigns."
        ),
        input=WorkspaceInput,
        output=Workspace,
        run=workspace,
    )
)
