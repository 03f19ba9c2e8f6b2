"""Pages and REST routes that span rooms."""

from django.urls import URLPattern, path

from config.faces import (
    attention,
    audit,
    batch,
    dev_mail,
    documents,
    home,
    policy,
    quick_start,
    sim_proxy,
    stream,
    views,
)

api_urls: list[URLPattern] = [path("batch", batch.batch, name="batch")]
page_urls: list[URLPattern] = [
    path("", home.home, name="home"),
    path("attention/", attention.unknown_outcomes, name="unknown-outcomes"),
    path("attention/<str:job_id>/<slug:step>/", attention.settle, name="unknown-outcome-settle"),
    path("audit/", audit.audit, name="audit"),
    path("dev/mail/", dev_mail.mailbox, name="dev-mailbox"),
    path("dev/mail/<str:name>/", dev_mail.mail, name="dev-mail"),
    path("docs/api/", documents.swagger, name="api-docs"),
    path("docs/api/reference/", documents.redoc, name="api-reference"),
    path("docs/quick-start/", quick_start.quick_start, name="quick-start"),
    path("llms.txt", documents.llms, name="llms"),
    path("openapi.json", documents.openapi, {"kind": "json"}, name="openapi-json"),
    path("openapi.yml", documents.openapi, {"kind": "yml"}, name="openapi-yml"),
    path("policy/", policy.policy, name="policy"),
    path("policy/<str:business_id>/authority/", policy.authority, name="policy-authority"),
    path("policy/<str:business_id>/ceiling/", policy.ceiling, name="policy-ceiling"),
    path(
        "policy/<str:business_id>/changes/<str:change_id>/confirm/",
        policy.confirm_change,
        name="policy-change-confirm",
    ),
    path(
        "policy/<str:business_id>/changes/<str:change_id>/cancel/",
        policy.cancel_change,
        name="policy-change-cancel",
    ),
    path("policy/<str:business_id>/rules/", policy.rules, name="policy-rules"),
    path("policy/<str:business_id>/kill-switch/engage/", policy.engage, name="kill-switch-engage"),
    path(
        "policy/<str:business_id>/kill-switch/release/", policy.release, name="kill-switch-release"
    ),
    path("sim/<str:version>/dialog/oauth", sim_proxy.consent, name="sim-consent"),
    path("sim/<str:version>/dialog/consent.css", sim_proxy.consent_style, name="sim-consent-style"),
    path("sim/<str:version>/<path:path>", sim_proxy.graph, name="sim-graph"),
    path("skill.md", documents.skill, name="skill"),
    path("stream/pending/", stream.pending, name="stream-pending"),
    path("switch-business/", views.switch_business, name="switch-business"),
]
