"""Which routes answer GET with a list, and how many rows one page of it holds.

Every GET route of the URLconf stands in LISTS or in NOT_LISTS; one that stands in neither fails
`tests/services/test_query_counts.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Listing:
    """`most` rows a page. A row is what `mark` matches, each text once; REST rows are those of
    `data`. `one_business`: the page is about the business that was picked in the top bar.
    `beside` are the page's other lists.
    """

    most: int = 20
    mark: str = ""
    one_business: bool = False
    beside: tuple["Listing", ...] = ()


def seeds(kind: str, most: int, *beside: Listing) -> Listing:
    """A page whose rows carry the name of a seeded row."""
    return Listing(most=most, mark=rf"\b{kind}-seed-\d+\b", beside=beside)


_BUSINESS_OPTIONS = Listing(mark=r'<option value="biz_\w+')


_CAMPAIGN_OPTIONS = Listing(most=200, mark=r'<option value="camp_\w+')
_CAMPAIGN = "/v1/campaigns/<str:campaign_id>"
_AD_SET = f"{_CAMPAIGN}/ad-sets/<str:ad_set_id>"

LISTS: dict[str, Listing] = {
    "GET /v1/account/business": Listing(),
    "GET /v1/analytics/alerts": Listing(),
    "GET /v1/analytics/alert-rules": Listing(),
    "GET /v1/analytics/reports": Listing(),
    "GET /v1/analytics/time-series": Listing(),
    "GET /v1/ai/generations": Listing(),
    "GET /v1/auth/keys": Listing(),
    "GET /v1/auth/sessions": Listing(),
    "GET /v1/billing/invoices": Listing(),
    "GET /v1/campaigns": Listing(),
    f"GET {_CAMPAIGN}/ad-sets": Listing(),
    f"GET {_AD_SET}/ads": Listing(),
    "GET /v1/ai/optimize/suggestions": Listing(),
    "GET /v1/optimization/rules": Listing(),
    "GET /v1/optimization/rules/<str:rule_id>/firings": Listing(),
    "GET /v1/pending-actions": Listing(),
    "GET /v1/platforms": Listing(),
    "GET /v1/webhooks": Listing(),
    "GET /v1/webhooks/<str:webhook_id>/deliveries": Listing(),
    "GET /": Listing(most=50, mark=r'business-seed-\d+(?=</span><span class="num">)'),
    "GET /analytics/": Listing(
        mark=r"(?<=data-campaign=\")camp_\w+",
        one_business=True,
        beside=(
            Listing(most=10, mark=r"\balert-seed-\d+"),
            Listing(most=10, mark=r"(?<=class=\"mono\">)rpt_\w+"),
        ),
    ),
    "GET /analytics/alert-rules/": seeds("alertrule", 50),
    "GET /attention/": Listing(most=50, mark=r"\bjob_\w+"),
    "GET /audit/": Listing(most=50, mark=r"\baud_\w+"),
    "GET /billing/": seeds("invoice", 50),
    "GET /businesses/": Listing(most=50, mark=r'(?<=class="mono">)biz_\w+'),
    "GET /campaigns/": seeds("campaign", 50),
    "GET /campaigns/<str:campaign_id>/": Listing(mark=r"\baset_\w+", beside=(seeds("ad", 10),)),
    "GET /campaigns/new/": _BUSINESS_OPTIONS,
    "GET /connections/": seeds("connection", 50, _BUSINESS_OPTIONS),
    "GET /creatives/": seeds("generation", 50, _BUSINESS_OPTIONS),
    "GET /creatives/images/": Listing(most=24, mark=r"(?<=<img src=\"/assets/)ast_\w+"),
    "GET /creatives/new/": _BUSINESS_OPTIONS,
    "GET /creatives/brand-rules/": _BUSINESS_OPTIONS,
    "GET /dev/mail/": Listing(most=100, mark=r"\bmail-seed-\d+\b"),
    "GET /inbox/": seeds("pending", 25),
    "GET /inbox/<str:pending_id>/": seeds("pending", 25),
    "GET /apps/": seeds("app", 50, seeds("access", 50)),
    "GET /keys/": seeds("key", 50),
    "GET /policy/": Listing(
        most=200,
        mark=r">campaign-seed-\d+</option>",
        one_business=True,
        beside=(Listing(mark=r'href="\?business=biz_\w+'),),
    ),
    "GET /rules/": seeds("rule", 50, _BUSINESS_OPTIONS),
    "GET /rules/<str:rule_id>/": Listing(most=25, mark=r"\bfir_\w+"),
    "GET /rules/new/": Listing(
        mark=r'<option value="biz_\w+', one_business=True, beside=(_CAMPAIGN_OPTIONS,)
    ),
    "GET /rules/suggestions/": Listing(
        most=25,
        mark=r"\bsug_\w+",
        one_business=True,
        beside=(_BUSINESS_OPTIONS, _CAMPAIGN_OPTIONS),
    ),
    "GET /webhooks/": seeds("hook", 50),
    "GET /webhooks/<str:webhook_id>/": Listing(most=50, mark=r"\bdlv_\w+"),
    "GET /team/": seeds("member", 50, seeds("invitation", 50)),
}

_ONE = "one object"
_FORM = "a form"
NOT_LISTS: dict[str, str] = {
    "GET /v1/account/business/<str:business_id>": _ONE,
    "GET /v1/account/profile": "the caller",
    "GET /v1/ai/brand-rules/<str:business_id>": _ONE,
    "GET /v1/ai/generations/<str:generation_id>": _ONE,
    "GET /v1/auth/keys/<str:key_id>": _ONE,
    "GET /v1/analytics/predictions": "forecasts, two entries a currency",
    "GET /v1/analytics/overview": "sums, one entry a currency",
    "GET /v1/analytics/campaigns/<str:campaign_id>": "sums; the parts that spent most",
    "GET /v1/analytics/alert-rules/<str:rule_id>": _ONE,
    "GET /v1/analytics/reports/<str:report_id>": _ONE,
    "GET /v1/billing/checkout": "one link",
    "GET /v1/billing/plans": "the four rows of the price list",
    "GET /v1/billing/status": "the caller's plan",
    "GET /v1/billing/subscribe/status": "one link",
    f"GET {_CAMPAIGN}": _ONE,
    f"GET {_AD_SET}": _ONE,
    f"GET {_AD_SET}/ads/<str:ad_id>": _ONE,
    "GET /v1/jobs/<str:job_id>": _ONE,
    "GET /v1/optimization/rules/<str:rule_id>": _ONE,
    "GET /v1/pending-actions/<str:pending_id>": _ONE,
    "GET /v1/platforms/<str:connection_id>": _ONE,
    "GET /v1/platforms/<str:connection_id>/status": _ONE,
    "GET /v1/platforms/<str:word>/connect/status": "one link",
    "GET /v1/platforms/<str:word>/setup": "a redirect",
    "GET /v1/webhooks/<str:webhook_id>": _ONE,
    "GET /analytics/reports/<str:report_id>/file/": "one file",
    "GET /assets/<str:asset_id>": "one image",
    "GET /v1/ai/assets/<str:asset_id>/content": "one image",
    "GET /creatives/<str:generation_id>/": _ONE,
    "GET /.well-known/oauth-authorization-server": "a fixed text",
    "GET /.well-known/oauth-protected-resource": "a fixed text",
    "GET /.well-known/oauth-protected-resource/mcp": "a fixed text",
    "GET /.well-known/oauth-protected-resource/mcp/": "a fixed text",
    "GET /billing/checkout/done/": "a fixed text",
    "GET /campaigns/<str:campaign_id>/ad-sets/<str:ad_set_id>/ads/new/": _FORM,
    "GET /campaigns/<str:campaign_id>/ad-sets/<str:ad_set_id>/targeting/": _FORM,
    "GET /campaigns/<str:campaign_id>/ad-sets/new/": _FORM,
    "GET /campaigns/<str:campaign_id>/ads/<str:ad_id>/creative/": _FORM,
    "GET /campaigns/<str:campaign_id>/edit/<slug:part>/": _FORM,
    "GET /dev/mail/<str:name>/": "one mail",
    "GET /invitations/accept/": "one invitation",
    "GET /docs/api/": "a page without rows",
    "GET /docs/api/reference/": "a page without rows",
    "GET /docs/quick-start/": _FORM,
    "GET /llms.txt": "one text",
    "GET /skill.md": "one text",
    "GET /openapi.json": "one document",
    "GET /openapi.yml": "one document",
    "GET /oauth/authorize/": _FORM,
    "GET /platforms/<str:platform>/callback": "the answer of one consent",
    "GET /rules/<str:rule_id>/edit/": _FORM,
    "GET /settings/": "the person's own",
    "GET /sim/<str:version>/<path:path>": "what the simulator answers",
    "GET /sim/<str:version>/dialog/consent.css": "a file",
    "GET /sim/<str:version>/dialog/oauth": _FORM,
    "GET /stream/pending/": "a stream; a ping names no row",
}
