"""Routes of rules and suggestions."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from analytics.optimizer.api import rules, suggestions

Routes = list[URLPattern | URLResolver]

api_urls: Routes = [
    path(
        "optimization/rules",
        route(get=rules.list_all, post=rules.create),
        name="optimization-rules",
    ),
    path("optimization/rules/dry-run", rules.try_unsaved, name="optimization-rule-try"),
    path(
        "optimization/rules/<str:rule_id>",
        route(get=rules.detail, patch=rules.change, delete=rules.delete),
        name="optimization-rule",
    ),
    path("optimization/rules/<str:rule_id>/pause", rules.pause, name="optimization-rule-pause"),
    path("optimization/rules/<str:rule_id>/resume", rules.resume, name="optimization-rule-resume"),
    path(
        "optimization/rules/<str:rule_id>/dry-run",
        rules.try_stored,
        name="optimization-rule-dry-run",
    ),
    path(
        "optimization/rules/<str:rule_id>/firings",
        rules.firings,
        name="optimization-rule-firings",
    ),
    path("ai/optimize/suggest", suggestions.suggest, name="optimize-suggest"),
    path("ai/optimize/suggestions", suggestions.list_all, name="optimize-suggestions"),
    path("ai/optimize/apply", suggestions.apply, name="optimize-apply"),
]
