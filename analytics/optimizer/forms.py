"""Forms of the rule pages; each becomes the body that the REST face would take."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pydantic
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.rendering import rule_text
from analytics.optimizer.bodies import HIGHEST, RuleBody, rule_fields
from analytics.optimizer.domain.actions import BUDGET_ACTIONS, PERCENT_RANGE, Action
from analytics.optimizer.domain.conditions import HOURS_A_DAY, LONGEST_HOURS, MILLION
from analytics.optimizer.models import Rule
from analytics.optimizer.services.rules import RuleFields
from core.errors import InvalidError
from core.money import to_decimal

METRICS = [
    ("ctr", _("Click rate, percent of impressions")),
    ("cvr", _("Conversion rate, percent of clicks")),
    ("cpc", _("Cost of a click")),
    ("cpm", _("Cost of 1,000 impressions")),
    ("cpa", _("Cost of a conversion")),
    ("roas", _("Value of conversions for each unit spent")),
    ("spend", _("Amount spent")),
    ("impressions", _("Impressions")),
    ("clicks", _("Clicks")),
    ("conversions", _("Conversions")),
]
OPERATORS = [
    ("lt", _("is below")),
    ("lte", _("is at most")),
    ("gt", _("is above")),
    ("gte", _("is at least")),
]
CERTAINTIES = [
    ("90", _("90 %: the usual one")),
    ("95", _("95 %: acts later and errs less")),
    ("80", _("80 %: acts earlier and errs more")),
    ("0", _("None: the bare value, chance included")),
]
ACTIONS = [
    ("pause_ad", _("pause the ad")),
    ("pause_ad_set", _("pause the ad set")),
    ("pause_campaign", _("pause the campaign")),
    ("increase_budget", _("raise the campaign's daily budget")),
    ("decrease_budget", _("lower the campaign's daily budget")),
]
LONGEST_DAYS = LONGEST_HOURS // HOURS_A_DAY


class RuleForm(forms.Form):
    """A rule as a whole. `seen` says which state of the rule the person looked at."""

    names: ClassVar[Mapping[str, str]] = {
        "timeframe_hours": "days",
        "cooldown_hours": "cooldown_days",
        "type": "action",
        "campaign_id": "campaign",
    }
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=120)
    campaign = forms.ChoiceField(
        label=_("Watches"),
        required=False,
        help_text=_("The newest campaigns; one that is not among them is reached over the API."),
    )
    metric = forms.ChoiceField(label=_("When"), choices=METRICS)
    operator = forms.ChoiceField(label=_("Compared"), choices=OPERATORS)
    value = forms.DecimalField(
        label=_("Value"),
        min_value=0,
        max_value=HIGHEST,
        decimal_places=6,
        help_text=_("Percent for rates; money in the currency of the campaign or business."),
    )
    days = forms.IntegerField(
        label=_("Over how many full days"), min_value=1, max_value=LONGEST_DAYS, initial=2
    )
    certainty = forms.TypedChoiceField(
        label=_("How sure"),
        choices=CERTAINTIES,
        coerce=int,
        initial="90",
        help_text=_("The whole interval must lie beyond the value."),
    )
    minimum_impressions = forms.IntegerField(
        label=_("Smallest sample, impressions"), required=False, min_value=0, max_value=HIGHEST,
        help_text=_("Empty: what the metric needs."),
    )  # fmt: skip
    minimum_clicks = forms.IntegerField(
        label=_("Smallest sample, clicks"), required=False, min_value=0, max_value=HIGHEST
    )
    action = forms.ChoiceField(label=_("Then"), choices=ACTIONS)
    percent = forms.IntegerField(
        label=_("Step of the budget, percent"),
        required=False,
        min_value=PERCENT_RANGE[0],
        max_value=PERCENT_RANGE[1],
        help_text=_("For budgets alone; 20 where it is empty."),
    )
    limit = forms.DecimalField(
        label=_("Highest or lowest daily budget it may set"),
        required=False,
        min_value=0,
        max_value=HIGHEST,
        help_text=_("For budgets alone, in the same currency; needed to raise them."),
    )
    cooldown_days = forms.IntegerField(
        label=_("Days of rest after it acted on an object"),
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text=_("As many as it looks back where it is empty."),
    )
    active = forms.BooleanField(label=_("Act at once"), required=False, initial=True)

    def __init__(
        self, *args: Any, campaigns: Sequence[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if campaigns is None:
            del self.fields["campaign"]
        else:
            chosen: Any = self.fields["campaign"]
            chosen.choices = [("", _("Every campaign of the business")), *campaigns]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("action") and given["action"] not in BUDGET_ACTIONS:
            for name in ("percent", "limit"):
                if given.get(name) is not None:
                    text = gettext("Leave this empty, or choose an action on the budget.")
                    self.add_error(name, text)
        return given

    def rule(self, *, currency: str) -> RuleFields | None:
        """The checked rule; None after adding what is wrong."""
        try:
            return rule_fields(RuleBody.model_validate(self._body()), currency=currency)
        except pydantic.ValidationError as error:
            for item in error.errors():
                path = ".".join(str(part) for part in item["loc"])
                self.add_named_error(path, rule_text(item["type"], item["msg"]))
        except InvalidError as error:
            self.add_named_error(str(error.details.get("field", "")), error.message)
        return None

    def _body(self) -> dict[str, Any]:
        given = self.cleaned_data
        rest = given["cooldown_days"]
        return {
            "name": given["name"],
            "active": given["active"],
            "cooldown_hours": rest and rest * HOURS_A_DAY,
            "condition": {
                **{name: given[name] for name in ("metric", "operator", "value", "certainty")},
                "timeframe_hours": given["days"] * HOURS_A_DAY,
                "minimum_impressions": given["minimum_impressions"],
                "minimum_clicks": given["minimum_clicks"],
            },
            "action": {
                "type": given["action"], "percent": given["percent"], "limit": given["limit"],
            },
        }  # fmt: skip

    def add_named_error(self, path: str, message: str) -> None:
        """Put a message beside the field it speaks of, or on top of the form."""
        last = path.rpartition(".")[2]
        name = self.names.get(last, last)
        self.add_error(name if name in self.fields else None, message)


def initial_of(rule: Rule) -> dict[str, Any]:
    """A rule as the form shows it."""
    is_budget = Action(rule.action) in BUDGET_ACTIONS
    limit = rule.limit_micros
    return {
        "seen": rule.updated_at.isoformat(),
        "name": rule.name,
        "metric": rule.metric,
        "operator": rule.operator,
        "value": _plain(rule.value_micros),
        "days": rule.timeframe_hours // HOURS_A_DAY,
        "certainty": str(rule.certainty),
        "minimum_impressions": rule.minimum_impressions,
        "minimum_clicks": rule.minimum_clicks,
        "action": rule.action,
        "percent": rule.percent if is_budget else None,
        "limit": to_decimal(limit, rule.currency) if is_budget and limit is not None else None,
        "cooldown_days": rule.cooldown_hours // HOURS_A_DAY,
        "active": rule.is_active,
    }


def _plain(micros: int) -> str:
    """Millionths as a decimal without needless zeros."""
    whole, rest = divmod(micros, MILLION)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")
