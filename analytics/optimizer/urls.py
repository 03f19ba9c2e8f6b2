"""Routes of rules and suggestions."""

from django.urls import URLPattern, URLResolver, path

from accounts.api_base import route
from analytics.optimizer.api import rules, suggestions
from analytics.optimizer.views import rules as rule_pages
from analytics.optimizer.views import suggestions as suggestion_pages

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
page_urls: Routes = [
    path("rules/", rule_pages.index, name="rules"),
    path("rules/new/", rule_pages.new, name="rule-new"),
    path("rules/suggestions/", suggestion_pages.index, name="suggestions"),
    path(
        "rules/suggestions/<str:suggestion_id>/apply/",
        suggestion_pages.apply,
        name="suggestion-apply",
    ),
    path("rules/<str:rule_id>/", rule_pages.detail, name="rule"),
    path("rules/<str:rule_id>/edit/", rule_pages.edit, name="rule-edit"),
    path("rules/<str:rule_id>/pause/", rule_pages.pause, name="rule-pause"),
    path("rules/<str:rule_id>/resume/", rule_pages.resume, name="rule-resume"),
    path("rules/<str:rule_id>/delete/", rule_pages.delete, name="rule-delete"),
]
