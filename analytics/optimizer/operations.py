"""The operations of /optimization and /ai/optimize in the API document."""

from analytics.optimizer import answers
from analytics.optimizer.api.suggestions import ApplyBody, SuggestBody
from analytics.optimizer.bodies import RuleBody, RuleChange
from campaigns.api.operations import GATED
from core.operations import Operation, declare
from core.shapes import PageQuery

TAG = "Optimization"
_RULE = "/optimization/rules/{rule_id}"
_EXAMPLE = {
    "name": "Pause ads that few people click",
    "condition": {"metric": "ctr", "operator": "lt", "value": 1, "timeframe_hours": 48},
    "action": {"type": "pause_ad"},
}
_WRITE_ERRORS = (
    "business_required",
    "choose_business",
    "limit_required",
    "rule_owner_unsupported",
    "contradictory_fields",
    "not_found",
)
_APPLY_ERRORS = (
    "not_found",
    "suggestion_expired",
    "suggestion_stale",
    "conflict",
)


declare(
    Operation(
        id="list_rules",
        method="GET",
        path="/optimization/rules",
        tag=TAG,
        summary="List rules",
        query=PageQuery,
        answers={200: answers.RulePage},
    ),
    Operation(
        id="create_rule",
        method="POST",
        path="/optimization/rules",
        tag=TAG,
        summary="Make a rule",
        description="Judged once a day on days that have ended. Every change it makes passes the "
        "gate in the name of the credential that made the rule; a rule approves nothing.",
        body=RuleBody,
        answers={201: answers.Rule},
        errors=(*_WRITE_ERRORS, "rule_limit_reached"),
        example=_EXAMPLE,
    ),
    Operation(
        id="try_new_rule",
        method="POST",
        path="/optimization/rules/dry-run",
        tag=TAG,
        summary="Try a rule without storing it",
        body=RuleBody,
        answers={200: answers.RuleDryRun},
        errors=_WRITE_ERRORS,
        example=_EXAMPLE,
    ),
    Operation(
        id="get_rule",
        method="GET",
        path=_RULE,
        tag=TAG,
        summary="Read one rule",
        answers={200: answers.Rule},
    ),
    Operation(
        id="update_rule",
        method="PATCH",
        path=_RULE,
        tag=TAG,
        summary="Change a rule",
        description="What is left out stays. The rule acts for whoever changed it last.",
        body=RuleChange,
        answers={200: answers.Rule},
        errors=("limit_required", "rule_owner_unsupported"),
        example={"condition": {"value": 0.8}},
    ),
    Operation(
        id="delete_rule",
        method="DELETE",
        path=_RULE,
        tag=TAG,
        summary="Remove a rule",
        answers={204: None},
    ),
    Operation(
        id="pause_rule",
        method="POST",
        path=f"{_RULE}/pause",
        tag=TAG,
        summary="Pause a rule",
        answers={200: answers.Rule},
    ),
    Operation(
        id="resume_rule",
        method="POST",
        path=f"{_RULE}/resume",
        tag=TAG,
        summary="Let a rule act again, for the caller",
        answers={200: answers.Rule},
        errors=("rule_owner_unsupported",),
    ),
    Operation(
        id="try_rule",
        method="POST",
        path=f"{_RULE}/dry-run",
        tag=TAG,
        summary="What a rule would have matched in 30 days",
        answers={200: answers.RuleDryRun},
    ),
    Operation(
        id="list_rule_firings",
        method="GET",
        path=f"{_RULE}/firings",
        tag=TAG,
        summary="What a rule did",
        query=PageQuery,
        answers={200: answers.RuleFiringPage},
    ),
    Operation(
        id="optimize_campaign",
        method="POST",
        path="/ai/optimize/suggest",
        tag=TAG,
        summary="Ask what would make a campaign do better",
        description="By the last 14 full days. Only what is beyond chance is suggested; for every "
        "other strategy the answer says why it has nothing. Suggestions live for 24 hours.",
        body=SuggestBody,
        answers={200: answers.Suggestions},
        errors=("not_found",),
        example={"campaign_id": "camp_01m811na6zevdtd0t0ajx47stw"},
    ),
    Operation(
        id="list_suggestions",
        method="GET",
        path="/ai/optimize/suggestions",
        tag=TAG,
        summary="List suggestions",
        query=PageQuery,
        answers={200: answers.SuggestionPage},
    ),
    Operation(
        id="apply_suggestion",
        method="POST",
        path="/ai/optimize/apply",
        tag=TAG,
        summary="Carry a suggestion out through the gate",
        description="Needs the scope of the command itself. A second call answers what the first "
        "did.",
        body=ApplyBody,
        answers={200: answers.Applied, 202: answers.Applied},
        errors=(*_APPLY_ERRORS, *GATED),
        example={"suggestion_id": "sug_01m811na6zevdtd0t0ajx47stw"},
    ),
)
