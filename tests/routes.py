"""One row a route: how the suites that walk the URLconf call it. A route without a row fails T1.

A REST route's key is `METHOD /v1/pattern` (it stands for `/api/v1/…` too), a page's `METHOD
/pattern`; patterns are written as in the URLconf. Kinds of objects are those of `tests.world`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analytics.optimizer.models import Rule
from campaigns.models import Dispatch, KillSwitch
from core.clock import now
from tests.cast import NOW
from tests.world import World
from webhooks.models import Endpoint


@dataclass(frozen=True, kw_only=True)
class Row:
    """How to call one route.

    `scope`: the route's scope, `any` or `public`; `page` for a signed-in page. `objects` maps URL
    parameters, `body_objects` keys of the body, to kinds. `params` fills the other URL parameters.
    `setup` makes what else must be there. `shows` is the kind a list must contain. `body` builds
    JSON (a form for pages). `serves` are the statuses of the owner's call. `why` says what makes a
    public or unchecked route safe. `calls` False: the owner's call is not made (it talks to a
    platform); its refusals are. `behind` are kinds read on the way, whose filters the control
    drops too, since each alone hides the leak.
    """

    scope: str
    objects: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    setup: Callable[[World], object] | None = None
    body: Callable[[World], dict[str, Any]] | None = None
    body_objects: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    shows: str = ""
    serves: tuple[int, ...] = (200, 201, 202, 204, 302)
    calls: bool = True
    behind: tuple[str, ...] = ()
    why: str = ""


def _webhook_body(world: World) -> dict[str, Any]:
    return {"url": "https://receiver.example/hook", "events": ["campaign.created"]}


def _paused_hook(world: World) -> None:
    Endpoint.objects.filter(pk=world.row("webhook").pk).update(is_active=False)


def _an_hour_ago() -> str:
    return (now() - timedelta(hours=1)).isoformat()


def _batch_body(world: World) -> dict[str, Any]:
    return {"requests": [{"id": "list", "method": "GET", "path": "/v1/campaigns"}]}


HOOK = {"webhook_id": "webhook"}
BUSINESS = {"business_id": "business"}
POLICY_CHANGE = {**BUSINESS, "change_id": "policy_change"}
CAMPAIGN = {"campaign_id": "campaign"}
PROPOSAL = {"pending_id": "pending"}
GRANT = {"connection_id": "connection"}


def _named_business(world: World) -> dict[str, Any]:
    return {"business_id": world.id("business")}


KEY = {"key_id": "key"}


def _engaged_switch(world: World) -> KillSwitch:
    return KillSwitch.objects.create(
        tenant_id=world.cast.tenant.id, business=world.business, is_engaged=True, engaged_at=NOW
    )


def _at_the_desk(world: World) -> None:
    Dispatch.objects.filter(pk=world.row("job").pk).update(needs_person=True)


def _campaign_body(world: World) -> dict[str, Any]:
    return {
        "business_id": world.id("business"),
        "name": "Summer",
        "objective": "conversions",
        "daily_budget": 50,
    }


def _ad_set_body(world: World) -> dict[str, Any]:
    return {"name": "US", "targeting": {"locations": [{"type": "country", "value": "US"}]}}


def _creative_body(world: World) -> dict[str, Any]:
    return {"creative": {"headline": "New", "link_url": "https://acme.example/"}}


ASSET = {"asset_id": "asset"}


def _text_body(world: World) -> dict[str, Any]:
    return _variations_body(world, name="variations")


def _variations_body(world: World, name: str = "count") -> dict[str, Any]:
    return {
        "business_id": world.id("business"),
        "product_description": "Handmade oak chairs",
        name: 1,
    }


def _image_body(world: World) -> dict[str, Any]:
    return {"business_id": world.id("business"), "prompt": "A chair in the sun"}


_CAMPAIGN = "/v1/campaigns/<str:campaign_id>"
_AD_SET = f"{_CAMPAIGN}/ad-sets/<str:ad_set_id>"
_AD = f"{_AD_SET}/ads/<str:ad_id>"
_PENDING = "/v1/pending-actions/<str:pending_id>"
CAMPAIGN = {"campaign_id": "campaign"}
AD_SET = {**CAMPAIGN, "ad_set_id": "ad_set"}
AD = {**AD_SET, "ad_id": "ad"}
PENDING = {"pending_id": "pending"}
_RULE = "/v1/optimization/rules/<str:rule_id>"
RULE = {"rule_id": "rule"}
RULE_FORM = {
    "name": "Pause",
    "metric": "ctr",
    "operator": "lt",
    "value": "1",
    "days": "2",
    "certainty": "90",
    "action": "pause_ad",
    "active": "on",
}


def _paused_rule(world: World) -> None:
    Rule.objects.filter(pk=world.row("rule").pk).update(is_active=False)


_ALERT_RULE = "/v1/analytics/alert-rules/<str:rule_id>"
ALERT_RULE = {"rule_id": "alert_rule"}


def _alert_rule_body(world: World) -> dict[str, Any]:
    return {
        "name": "Clicks",
        "campaign_id": world.id("campaign"),
        "anomaly": {"metric": "clicks", "direction": "below"},
    }


def _rule_body(world: World) -> dict[str, Any]:
    return {
        "name": "Pause",
        "campaign_id": world.id("campaign"),
        "condition": {"metric": "ctr", "operator": "lt", "value": 1, "timeframe_hours": 48},
        "action": {"type": "pause_ad"},
    }


ROUTES: dict[str, Row] = {
    # Campaigns, ad sets, ads
    "GET /v1/campaigns": Row(scope="ads:read", shows="campaign"),
    "POST /v1/campaigns": Row(
        scope="ads:write:campaigns", body=_campaign_body, body_objects={"business_id": "business"}
    ),
    f"GET {_CAMPAIGN}": Row(scope="ads:read", objects=CAMPAIGN),
    f"PATCH {_CAMPAIGN}": Row(
        scope="ads:write:campaigns", objects=CAMPAIGN, body=lambda _: {"name": "Renamed"}
    ),
    f"DELETE {_CAMPAIGN}": Row(scope="ads:write:lifecycle", objects=CAMPAIGN),
    f"POST {_CAMPAIGN}/launch": Row(
        scope="ads:write:lifecycle", objects=CAMPAIGN, serves=(202, 422)
    ),
    f"POST {_CAMPAIGN}/pause": Row(
        scope="ads:write:lifecycle", objects=CAMPAIGN, serves=(200, 202, 409)
    ),
    f"POST {_CAMPAIGN}/resume": Row(
        scope="ads:write:lifecycle", objects=CAMPAIGN, serves=(200, 202, 409)
    ),
    f"GET {_CAMPAIGN}/ad-sets": Row(scope="ads:read", objects=CAMPAIGN, shows="ad_set"),
    f"POST {_CAMPAIGN}/ad-sets": Row(
        scope="ads:write:campaigns", objects=CAMPAIGN, body=_ad_set_body
    ),
    f"GET {_AD_SET}": Row(scope="ads:read", objects=AD_SET),
    f"PATCH {_AD_SET}": Row(
        scope="ads:write:campaigns", objects=AD_SET, body=lambda _: {"name": "Renamed"}
    ),
    f"DELETE {_AD_SET}": Row(scope="ads:write:lifecycle", objects=AD_SET),
    f"POST {_AD_SET}/pause": Row(scope="ads:write:lifecycle", objects=AD_SET),
    f"POST {_AD_SET}/resume": Row(scope="ads:write:lifecycle", objects=AD_SET),
    f"GET {_AD_SET}/ads": Row(scope="ads:read", objects=AD_SET, shows="ad"),
    f"POST {_AD_SET}/ads": Row(
        scope="ads:write:creative",
        objects=AD_SET,
        body=lambda world: {"name": "Ad", **_creative_body(world)},
    ),
    f"GET {_AD}": Row(scope="ads:read", objects=AD),
    f"PATCH {_AD}": Row(scope="ads:write:creative", objects=AD, body=lambda _: {"name": "Renamed"}),
    f"DELETE {_AD}": Row(scope="ads:write:lifecycle", objects=AD),
    f"PUT {_AD}/creative": Row(scope="ads:write:creative", objects=AD, body=_creative_body),
    f"POST {_AD}/pause": Row(scope="ads:write:lifecycle", objects=AD),
    f"POST {_AD}/resume": Row(scope="ads:write:lifecycle", objects=AD),
    # Proposals and jobs
    "GET /v1/pending-actions": Row(scope="ads:read", shows="pending"),
    f"GET {_PENDING}": Row(scope="ads:read", objects=PENDING),
    f"POST {_PENDING}/approve": Row(
        scope="ads:write:pending",
        objects=PENDING,
        calls=False,
        behind=("campaign",),
        why="reads the platform first",
    ),
    f"POST {_PENDING}/reject": Row(
        scope="ads:write:pending", objects=PENDING, body=lambda _: {"comment": "No"}
    ),
    f"POST {_PENDING}/cancel": Row(scope="ads:read", objects=PENDING, serves=(200, 403, 409)),
    "GET /v1/jobs/<str:job_id>": Row(scope="ads:read", objects={"job_id": "job"}),
    # Rules
    "GET /v1/optimization/rules": Row(scope="ads:read", shows="rule"),
    "POST /v1/optimization/rules": Row(
        scope="ads:write:campaigns", body=_rule_body, body_objects={"campaign_id": "campaign"}
    ),
    "POST /v1/optimization/rules/dry-run": Row(
        scope="ads:write:campaigns", body=_rule_body, body_objects={"campaign_id": "campaign"}
    ),
    f"GET {_RULE}": Row(scope="ads:read", objects=RULE),
    f"PATCH {_RULE}": Row(
        scope="ads:write:campaigns", objects=RULE, body=lambda _: {"name": "Renamed"}
    ),
    f"DELETE {_RULE}": Row(scope="ads:write:campaigns", objects=RULE),
    f"POST {_RULE}/pause": Row(scope="ads:write:campaigns", objects=RULE),
    f"POST {_RULE}/resume": Row(scope="ads:write:campaigns", objects=RULE),
    f"POST {_RULE}/dry-run": Row(scope="ads:read", objects=RULE),
    f"GET {_RULE}/firings": Row(scope="ads:read", objects=RULE, shows="rule_firing"),
    # Suggestions
    "POST /v1/ai/optimize/suggest": Row(
        scope="ads:write:campaigns",
        body=lambda world: {"campaign_id": world.id("campaign")},
        body_objects={"campaign_id": "campaign"},
    ),
    "GET /v1/ai/optimize/suggestions": Row(scope="ads:read", shows="suggestion"),
    "POST /v1/ai/optimize/apply": Row(
        scope="ads:write:campaigns",
        body=lambda world: {"suggestion_id": world.id("suggestion")},
        body_objects={"suggestion_id": "suggestion"},
        behind=("ad", "campaign"),
    ),
    # Pages of rules and suggestions
    "GET /rules/": Row(scope="page", shows="rule"),
    "GET /rules/new/": Row(scope="page", why="a form; businesses come from the session"),
    "POST /rules/new/": Row(
        scope="page",
        body=lambda w: {
            **RULE_FORM,
            "business": w.id("business"),
            "campaign": w.id("campaign"),
        },
        body_objects={"business": "business", "campaign": "campaign"},
    ),
    "GET /rules/<str:rule_id>/": Row(scope="page", objects=RULE, query="try=1"),
    "GET /rules/<str:rule_id>/edit/": Row(scope="page", objects=RULE),
    "POST /rules/<str:rule_id>/edit/": Row(
        scope="page",
        objects=RULE,
        body=lambda w: {**RULE_FORM, "seen": w.row("rule").updated_at.isoformat()},
    ),
    "POST /rules/<str:rule_id>/pause/": Row(scope="page", objects=RULE),
    "POST /rules/<str:rule_id>/resume/": Row(scope="page", objects=RULE, setup=_paused_rule),
    "POST /rules/<str:rule_id>/delete/": Row(scope="page", objects=RULE),
    "GET /rules/suggestions/": Row(scope="page", shows="suggestion"),
    "POST /rules/suggestions/": Row(
        scope="page",
        body=lambda w: {"campaign": w.id("campaign")},
        body_objects={"campaign": "campaign"},
    ),
    "POST /rules/suggestions/<str:suggestion_id>/apply/": Row(
        scope="page", objects={"suggestion_id": "suggestion"}, behind=("ad", "campaign")
    ),
    # Platforms
    "GET /v1/platforms": Row(scope="ads:read", shows="connection"),
    "POST /v1/platforms/connect": Row(
        scope="connect", body=_named_business, body_objects={"business_id": "business"}
    ),
    "POST /v1/platforms/<str:word>/connect": Row(
        scope="connect",
        params={"word": "facebook"},
        body=_named_business,
        body_objects={"business_id": "business"},
    ),
    "GET /v1/platforms/<str:word>/connect/status": Row(
        scope="ads:read", params={"word": "facebook"}, query="token=unknown", serves=(404,)
    ),
    "GET /v1/platforms/<str:word>/setup": Row(
        scope="page",
        params={"word": "facebook"},
        query="token=unknown",
        serves=(410,),
        why="the link's token is the credential",
    ),
    "GET /v1/platforms/<str:connection_id>": Row(scope="ads:read", objects=GRANT),
    "DELETE /v1/platforms/<str:connection_id>": Row(scope="connect", objects=GRANT),
    "GET /v1/platforms/<str:connection_id>/status": Row(
        scope="ads:read", objects=GRANT, calls=False
    ),
    "POST /v1/platforms/<str:connection_id>/defaults": Row(
        scope="connect",
        objects=GRANT,
        body=lambda w: {"ad_account_id": w.id("ad_account")},
        body_objects={"ad_account_id": "ad_account"},
    ),
    "GET /platforms/<str:platform>/callback": Row(
        scope="page",
        params={"platform": "meta"},
        serves=(400,),
        why="the state's digest and the browser's signed cookie are the credential",
    ),
    "GET /connections/": Row(scope="page", shows="connection"),
    "POST /connections/connect": Row(
        scope="page", body=_named_business, body_objects={"business_id": "business"}
    ),
    "POST /connections/<str:connection_id>/check": Row(scope="page", objects=GRANT, calls=False),
    "POST /connections/<str:connection_id>/defaults": Row(
        scope="page",
        objects=GRANT,
        body=lambda w: {"ad_account_id": w.id("ad_account")},
        body_objects={"ad_account_id": "ad_account"},
    ),
    "POST /connections/<str:connection_id>/disconnect": Row(scope="page", objects=GRANT),
    # Auth and account
    "POST /v1/auth/register": Row(
        scope="public",
        why="makes a tenant of its own",
        body=lambda _: {
            "email": "new@person.example",
            "password": "correct horse battery staple",
            "first_name": "New",
            "last_name": "Person",
        },
    ),
    "POST /v1/auth/verify": Row(
        scope="public",
        why="one answer for every wrong code",
        serves=(422,),
        body=lambda _: {"email": "nobody@person.example", "code": "000000"},
    ),
    "POST /v1/auth/verify/resend": Row(
        scope="public",
        why="one answer for every address",
        body=lambda _: {"email": "nobody@person.example"},
    ),
    "POST /v1/auth/login": Row(
        scope="public",
        why="one answer for every wrong pair",
        serves=(401,),
        body=lambda _: {"email": "nobody@person.example", "password": "wrong"},
    ),
    "POST /v1/auth/password/reset": Row(
        scope="public",
        why="one answer for every address",
        body=lambda _: {"email": "nobody@person.example"},
    ),
    "POST /v1/auth/password/reset/confirm": Row(
        scope="public",
        why="the mailed token is the credential; one answer for every wrong one",
        serves=(422,),
        body=lambda _: {"token": "1-none", "password": "fresh words 4 me"},
    ),
    "GET /v1/auth/sessions": Row(
        scope="account:read", shows="session", why="of the caller's own person"
    ),
    "DELETE /v1/auth/sessions": Row(scope="account:write", why="the caller's own"),
    "DELETE /v1/auth/sessions/<str:session_id>": Row(
        scope="account:write", objects={"session_id": "session"}, why="of the caller's own person"
    ),
    "GET /v1/auth/keys": Row(scope="any", shows="key"),
    "POST /v1/auth/keys": Row(
        scope="any",
        body=lambda _: {"name": "Child", "scopes": ["campaigns:read"]},
        body_objects={"business_id": "business"},
    ),
    "GET /v1/auth/keys/<str:key_id>": Row(scope="any", objects=KEY),
    "DELETE /v1/auth/keys/<str:key_id>": Row(scope="any", objects=KEY),
    "POST /v1/auth/keys/<str:key_id>/rotate": Row(
        scope="any", objects=KEY, body=lambda _: {"grace_seconds": 60}
    ),
    "GET /v1/account/business": Row(scope="account:read", shows="business"),
    "POST /v1/account/business": Row(scope="account:write", body=lambda _: {"name": "Another"}),
    "GET /v1/account/business/<str:business_id>": Row(
        scope="account:read", objects={"business_id": "business"}
    ),
    "GET /v1/account/profile": Row(scope="any", why="the caller's own"),
    "PATCH /v1/account/profile": Row(
        scope="account:write", why="the caller's own", body=lambda _: {"first_name": "Ada"}
    ),
    "GET /businesses/": Row(scope="page", shows="business"),
    "GET /invitations/accept/": Row(
        scope="page",
        query="token=unknown",
        serves=(410,),
        why="the link's token is the credential",
    ),
    # OAuth and apps
    "GET /.well-known/oauth-authorization-server": Row(scope="page", why="a fixed text"),
    "GET /.well-known/oauth-protected-resource": Row(scope="page", why="a fixed text"),
    "GET /.well-known/oauth-protected-resource/mcp": Row(scope="page", why="a fixed text"),
    "GET /.well-known/oauth-protected-resource/mcp/": Row(scope="page", why="a fixed text"),
    "GET /oauth/authorize/": Row(scope="page", serves=(400,)),
    "POST /oauth/token/": Row(
        scope="page", serves=(400,), why="the code, with its verifier, is the credential"
    ),
    "POST /oauth/revoke/": Row(scope="page", serves=(400, 401), why="the token is the credential"),
    "GET /apps/": Row(scope="page", shows="app", behind=("app_access",)),
    "POST /apps/<str:app_id>/remove/": Row(scope="page", objects={"app_id": "app"}),
    "POST /apps/access/<str:key_id>/revoke/": Row(scope="page", objects={"key_id": "app_access"}),
    "GET /keys/": Row(scope="page", shows="key"),
    "POST /keys/<str:key_id>/revoke/": Row(scope="page", objects=KEY),
    "POST /keys/<str:key_id>/rotate/": Row(scope="page", objects=KEY),
    "GET /settings/": Row(scope="page", why="the person's own"),
    "GET /team/": Row(scope="page", shows="membership"),
    "POST /team/invite/": Row(
        scope="page", body=lambda _: {"email": "x@new.example", "role": "buyer"}
    ),
    "POST /team/invitations/<str:invitation_id>/withdraw/": Row(
        scope="page", objects={"invitation_id": "invitation"}
    ),
    "POST /team/members/<str:member_id>/role/": Row(
        scope="page", objects={"member_id": "membership"}, body=lambda _: {"role": "buyer"}
    ),
    "POST /team/members/<str:member_id>/remove/": Row(
        scope="page", objects={"member_id": "membership"}
    ),
    # Analytics
    "GET /v1/analytics/overview": Row(
        scope="metrics:read",
        query="date_from=2026-11-01&date_to=2026-11-30",
        why="sums of the caller's own",
    ),
    "GET /v1/analytics/time-series": Row(
        scope="metrics:read",
        query="breakdown=campaign&date_from=2026-11-01&date_to=2026-11-30",
        why="sums of the caller's own",
    ),
    "GET /v1/analytics/predictions": Row(
        scope="metrics:read", why="forecasts from the caller's own"
    ),
    "GET /v1/analytics/reports": Row(scope="metrics:read", shows="report"),
    "POST /v1/analytics/reports": Row(
        scope="metrics:read",
        body=lambda w: {"format": "csv", "business_id": w.id("business")},
        body_objects={"business_id": "business"},
    ),
    "GET /v1/analytics/reports/<str:report_id>": Row(
        scope="metrics:read", objects={"report_id": "report"}
    ),
    "GET /v1/analytics/campaigns/<str:campaign_id>": Row(scope="metrics:read", objects=CAMPAIGN),
    "GET /v1/analytics/alerts": Row(scope="metrics:read", shows="alert"),
    "GET /v1/analytics/alert-rules": Row(scope="metrics:read", shows="alert_rule"),
    "POST /v1/analytics/alert-rules": Row(
        scope="ads:write:campaigns",
        body=_alert_rule_body,
        body_objects={"campaign_id": "campaign"},
    ),
    f"GET {_ALERT_RULE}": Row(scope="metrics:read", objects=ALERT_RULE),
    f"PATCH {_ALERT_RULE}": Row(
        scope="ads:write:campaigns", objects=ALERT_RULE, body=lambda _: {"name": "Renamed"}
    ),
    f"DELETE {_ALERT_RULE}": Row(scope="ads:write:campaigns", objects=ALERT_RULE),
    # Billing
    "GET /v1/billing/plans": Row(scope="public", why="price list"),
    "POST /v1/billing/subscribe": Row(scope="billing:write", body=lambda _: {"plan_id": 4}),
    "GET /v1/billing/subscribe/status": Row(
        scope="billing:read", query="token=unknown", serves=(404,), why="by the caller's own token"
    ),
    "GET /v1/billing/checkout": Row(
        scope="page", query="token=unknown", serves=(410,), why="the link's token is the credential"
    ),
    "GET /billing/checkout/done/": Row(scope="page", why="a fixed text"),
    "GET /billing/": Row(scope="page", shows="invoice"),
    "POST /billing/choose/": Row(
        scope="page", body=lambda _: {"plan_id": "4"}, why="the caller's own"
    ),
    "POST /billing/cancel/": Row(scope="page", serves=(409,), why="the caller's own"),
    "POST /billing/resume/": Row(scope="page", serves=(409,), why="the caller's own"),
    "POST /billing/portal/": Row(scope="page", serves=(409,), why="the caller's own"),
    "POST /billing/stripe/webhook": Row(
        scope="page", serves=(404,), why="the provider's signature is the credential"
    ),
    "GET /v1/billing/status": Row(scope="billing:read", why="the caller's own"),
    "POST /v1/billing/cancel": Row(scope="billing:write", serves=(409,), why="the caller's own"),
    "POST /v1/billing/resume": Row(scope="billing:write", serves=(409,), why="the caller's own"),
    "POST /v1/billing/portal": Row(scope="billing:write", serves=(409,), why="the caller's own"),
    "GET /v1/billing/invoices": Row(scope="billing:read", shows="invoice"),
    # Batch
    "POST /v1/batch": Row(
        scope="any",
        body=_batch_body,
        shows="campaign",
        why="its parts are walked by tests/bars/test_t1_batch.py",
    ),
    # Webhooks
    "GET /v1/webhooks": Row(scope="webhooks:manage", shows="webhook"),
    "POST /v1/webhooks": Row(
        scope="webhooks:manage", body=_webhook_body, body_objects={"business_id": "business"}
    ),
    "GET /v1/webhooks/<str:webhook_id>": Row(scope="webhooks:manage", objects=HOOK),
    "PATCH /v1/webhooks/<str:webhook_id>": Row(
        scope="webhooks:manage", objects=HOOK, body=lambda _: {"active": False}
    ),
    "DELETE /v1/webhooks/<str:webhook_id>": Row(scope="webhooks:manage", objects=HOOK),
    "GET /v1/webhooks/<str:webhook_id>/deliveries": Row(
        scope="webhooks:manage", objects=HOOK, shows="delivery"
    ),
    "POST /v1/webhooks/<str:webhook_id>/rotate": Row(
        scope="webhooks:manage", objects=HOOK, body=lambda _: {}
    ),
    "POST /v1/webhooks/<str:webhook_id>/pause": Row(scope="webhooks:manage", objects=HOOK),
    "POST /v1/webhooks/<str:webhook_id>/resume": Row(
        scope="webhooks:manage", objects=HOOK, setup=_paused_hook
    ),
    "POST /v1/webhooks/<str:webhook_id>/ping": Row(scope="webhooks:manage", objects=HOOK),
    "POST /v1/webhooks/<str:webhook_id>/replay": Row(
        scope="webhooks:manage", objects=HOOK, body=lambda _: {"since": _an_hour_ago()}
    ),
    "POST /v1/webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/replay": Row(
        scope="webhooks:manage", objects={**HOOK, "delivery_id": "delivery"}
    ),
    "GET /webhooks/": Row(scope="page", shows="webhook"),
    "GET /webhooks/<str:webhook_id>/": Row(scope="page", objects=HOOK),
    "POST /webhooks/<str:webhook_id>/rotate/": Row(scope="page", objects=HOOK),
    "POST /webhooks/<str:webhook_id>/pause/": Row(scope="page", objects=HOOK),
    "POST /webhooks/<str:webhook_id>/resume/": Row(scope="page", objects=HOOK, setup=_paused_hook),
    "POST /webhooks/<str:webhook_id>/ping/": Row(scope="page", objects=HOOK),
    "POST /webhooks/<str:webhook_id>/delete/": Row(scope="page", objects=HOOK),
    "POST /webhooks/<str:webhook_id>/replay/": Row(
        scope="page", objects=HOOK, body=lambda _: {"hours": "24"}
    ),
    "POST /webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/replay/": Row(
        scope="page", objects={**HOOK, "delivery_id": "delivery"}
    ),
    # AI content
    "POST /v1/ai/generate/text": Row(
        scope="content:generate", body=_text_body, body_objects={"business_id": "business"}
    ),
    "POST /v1/ai/generate/image": Row(
        scope="content:generate", body=_image_body, body_objects={"business_id": "business"}
    ),
    "POST /v1/ai/generate/variations": Row(
        scope="content:generate",
        body=_variations_body,
        body_objects={"business_id": "business"},
    ),
    "GET /v1/ai/generations": Row(scope="content:generate", shows="generation"),
    "GET /v1/ai/generations/<str:generation_id>": Row(
        scope="content:generate", objects={"generation_id": "generation"}
    ),
    "GET /v1/ai/brand-rules/<str:business_id>": Row(scope="content:generate", objects=BUSINESS),
    "PUT /v1/ai/brand-rules/<str:business_id>": Row(
        scope="account:write", objects=BUSINESS, body=lambda _: {"banned_words": ["cheap"]}
    ),
    "GET /v1/ai/assets/<str:asset_id>/content": Row(scope="content:generate", objects=ASSET),
    "GET /assets/<str:asset_id>": Row(scope="page", objects=ASSET),
    "GET /creatives/": Row(scope="page", shows="generation"),
    "GET /creatives/images/": Row(scope="page", shows="asset"),
    "GET /creatives/new/": Row(scope="page", why="a form; businesses come from the session"),
    "POST /creatives/new/": Row(
        scope="page",
        body=lambda w: {
            "business": w.id("business"),
            "product_description": "Handmade oak chairs",
            "platform": "facebook",
            "placement": "feed",
            "language": "en",
            "tone": "professional",
            "types": "headline",
            "count": "1",
            "provider": "auto",
            "image_provider": "auto",
            "style": "minimal",
            "size": "1080x1080",
        },
        body_objects={"business": "business"},
    ),
    "GET /creatives/brand-rules/": Row(
        scope="page", why="a form; businesses come from the session"
    ),
    "POST /creatives/brand-rules/": Row(
        scope="page",
        body=lambda w: {"business": w.id("business"), "banned_words": "cheap"},
        body_objects={"business": "business"},
    ),
    "GET /creatives/<str:generation_id>/": Row(
        scope="page", objects={"generation_id": "generation"}
    ),
    # Inbox and campaign pages
    "GET /inbox/": Row(scope="page", shows="pending"),
    "POST /inbox/bulk/": Row(
        scope="page",
        body=lambda _: {"decision": "reject", "comment": "no", "chosen": "pa_none"},
        serves=(302,),
        why="what is not there is skipped, and told",
    ),
    "GET /inbox/<str:pending_id>/": Row(scope="page", objects=PROPOSAL),
    "POST /inbox/<str:pending_id>/<slug:decision>/": Row(
        scope="page",
        objects=PROPOSAL,
        params={"decision": "reject"},
        body=lambda _: {"comment": "no"},
        serves=(303,),
    ),
    "GET /campaigns/": Row(scope="page", shows="campaign"),
    "GET /campaigns/new/": Row(scope="page", why="a form; businesses come from the session"),
    "GET /campaigns/<str:campaign_id>/": Row(scope="page", objects=CAMPAIGN),
    "GET /campaigns/<str:campaign_id>/edit/<slug:part>/": Row(
        scope="page", objects=CAMPAIGN, params={"part": "budget"}
    ),
    "POST /campaigns/<str:campaign_id>/do/<slug:kind>/<str:target_id>/": Row(
        scope="page",
        objects={"campaign_id": "campaign", "target_id": "campaign"},
        params={"kind": "archive_campaign"},
        serves=(303,),
    ),
    "GET /campaigns/<str:campaign_id>/ad-sets/new/": Row(scope="page", objects=CAMPAIGN),
    "GET /campaigns/<str:campaign_id>/ad-sets/<str:ad_set_id>/targeting/": Row(
        scope="page", objects={"campaign_id": "campaign", "ad_set_id": "ad_set"}
    ),
    "GET /campaigns/<str:campaign_id>/ad-sets/<str:ad_set_id>/ads/new/": Row(
        scope="page", objects={"campaign_id": "campaign", "ad_set_id": "ad_set"}
    ),
    "GET /campaigns/<str:campaign_id>/ads/<str:ad_id>/creative/": Row(
        scope="page", objects={"campaign_id": "campaign", "ad_id": "ad"}
    ),
    "GET /analytics/": Row(
        scope="page", query="date_from=2026-11-01&date_to=2026-11-30", shows="alert"
    ),
    "GET /analytics/alert-rules/": Row(scope="page", shows="alert_rule"),
    "POST /analytics/alert-rules/<str:rule_id>/delete/": Row(scope="page", objects=ALERT_RULE),
    "POST /analytics/reports/": Row(
        scope="page",
        body=lambda w: {
            "format": "csv",
            "interval": "daily",
            "breakdown": "none",
            "business_id": w.id("business"),
        },
        body_objects={"business_id": "business"},
        serves=(303,),
    ),
    "GET /analytics/reports/<str:report_id>/file/": Row(
        scope="page",
        params={"report_id": "rpt_none"},
        query="token=unknown",
        serves=(404,),
        why="the link's token is the credential",
    ),
    # Pages that span rooms
    "GET /": Row(scope="page", why="counts of the caller's own"),
    "GET /attention/": Row(scope="page", why="the caller's own"),
    "POST /attention/<str:job_id>/<slug:step>/": Row(
        scope="page",
        objects={"job_id": "job"},
        params={"step": "acknowledge"},
        setup=_at_the_desk,
        body=lambda _: {"confirm": "on"},
        serves=(303,),
    ),
    "GET /audit/": Row(scope="page", shows="audit_event"),
    "GET /dev/mail/": Row(scope="page", serves=(404,), why="only with DEMO"),
    "GET /dev/mail/<str:name>/": Row(
        scope="page", params={"name": "none"}, serves=(404,), why="only with DEMO"
    ),
    "GET /docs/api/": Row(scope="page", why="the same page for everybody"),
    "GET /docs/api/reference/": Row(scope="page", why="the same page for everybody"),
    "GET /docs/quick-start/": Row(scope="page"),
    "GET /llms.txt": Row(scope="page", why="the same text for everybody"),
    "GET /skill.md": Row(scope="page", why="the same text for everybody"),
    "GET /openapi.json": Row(scope="page", why="the same document for everybody"),
    "GET /openapi.yml": Row(scope="page", why="the same document for everybody"),
    "GET /policy/": Row(scope="page", shows="business"),
    "POST /policy/<str:business_id>/authority/": Row(
        scope="page",
        objects=BUSINESS,
        body=lambda _: {"creative": "draft", "tactical": "off", "structural": "draft"},
        serves=(303,),
    ),
    "POST /policy/<str:business_id>/ceiling/": Row(
        scope="page",
        objects=BUSINESS,
        body=lambda _: {"scope": "business", "limit": "100"},
        serves=(303,),
    ),
    "POST /policy/<str:business_id>/changes/<str:change_id>/confirm/": Row(
        scope="page", objects=POLICY_CHANGE, serves=(303,)
    ),
    "POST /policy/<str:business_id>/changes/<str:change_id>/cancel/": Row(
        scope="page", objects=POLICY_CHANGE, serves=(303,)
    ),
    "POST /policy/<str:business_id>/rules/": Row(
        scope="page",
        objects=BUSINESS,
        body=lambda _: {"undo_window_s": "10", "approval_expiry_h": "72", "cooldown_h": "1"},
        serves=(303,),
    ),
    "POST /policy/<str:business_id>/kill-switch/engage/": Row(
        scope="page",
        objects=BUSINESS,
        body=lambda w: {"confirm": w.business.name},
        serves=(303,),
    ),
    "POST /policy/<str:business_id>/kill-switch/release/": Row(
        scope="page",
        objects=BUSINESS,
        setup=_engaged_switch,
        body=lambda w: {"confirm": w.business.name},
        serves=(303, 409),
    ),
    "GET /sim/<str:version>/dialog/oauth": Row(
        scope="page", params={"version": "v26.0"}, serves=(404,), why="only beside a simulator"
    ),
    "GET /sim/<str:version>/dialog/consent.css": Row(
        scope="page", params={"version": "v26.0"}, serves=(404,), why="only beside a simulator"
    ),
    "GET /sim/<str:version>/<path:path>": Row(
        scope="page",
        params={"version": "v26.0", "path": "me"},
        serves=(404,),
        why="only beside a simulator, whose token it asks for",
    ),
    "GET /stream/pending/": Row(scope="page", why="pings of the caller's own"),
    "POST /switch-business/": Row(
        scope="page", body=lambda w: {"business": w.id("business")}, why="session only"
    ),
}

# Not walked by these rows, each with its reason or with the suite that walks all of it.
EXEMPT: dict[str, str] = {
    "/healthz": "liveness, reads nothing",
    "/readyz": "readiness, names no tenant",
    "/admin/": "tests/bars/test_t1_admin.py",
    "/mcp": "tests/bars/test_t2_mcp_tools.py: every tool with a neighbour's ids",
    "/accounts/": "tests/bars/test_t1_accounts.py: what belongs to a person, not to a tenant",
}


def is_walked(pattern: str) -> bool:
    """Whether a pattern needs a row here."""
    return not pattern.startswith(tuple(EXEMPT))
