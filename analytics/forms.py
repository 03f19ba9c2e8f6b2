"""Forms of the analytics page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import business_choices
from analytics.domain.alerts import SERIES
from analytics.optimizer.domain.conditions import Metric
from analytics.presenters.alerts import METRIC_NAMES
from analytics.services.report_pdf import is_available
from core.actors import Actor

BREAKDOWNS = [
    ("none", _("Nothing: one row for each currency")),
    ("campaign", _("Campaign")),
    ("ad_set", _("Ad set")),
    ("ad", _("Ad")),
    ("platform", _("Platform")),
    ("ad_account", _("Ad account")),
    ("business", _("Business")),
]


class ReportForm(forms.Form):
    """What a report holds; its range and its business are those of the page."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[("pdf", "PDF"), ("csv", "CSV"), ("xlsx", "Excel"), ("json", "JSON")],
    )
    interval = forms.ChoiceField(
        label=_("A row for each"),
        choices=[("daily", _("Day")), ("weekly", _("Week")), ("total", _("The whole range"))],
    )
    breakdown = forms.ChoiceField(label=_("Broken down by"), choices=BREAKDOWNS)
    email = forms.BooleanField(label=_("Mail me the link"), required=False)
    date_from = forms.DateField(widget=forms.HiddenInput, required=False)
    date_to = forms.DateField(widget=forms.HiddenInput, required=False)
    business_id = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    environment = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, auto_id="report-%s", **kwargs)
        formats: Any = self.fields["format"]
        formats.choices = [one for one in formats.choices if one[0] != "pdf" or is_available()]


class AlertRuleForm(forms.Form):
    """A new alert rule of a business; rules of one campaign are made over the API."""

    name = forms.CharField(label=_("Name"), max_length=120)
    business_id = forms.ChoiceField(label=_("Business"))
    kind = forms.ChoiceField(
        label=_("Tell me of"),
        choices=[
            ("threshold", _("A threshold that is crossed")),
            ("anomaly", _("A day unlike the same weekdays before it")),
        ],
    )
    metric = forms.ChoiceField(
        label=_("Metric"), choices=[(metric.value, name) for metric, name in METRIC_NAMES.items()]
    )
    operator = forms.ChoiceField(
        label=_("Threshold"),
        choices=[("gt", _("above the value")), ("lt", _("below the value"))],
        required=False,
    )
    value = forms.DecimalField(
        label=_("Value"),
        min_value=0,
        max_value=1_000_000_000,
        max_digits=16,
        decimal_places=6,
        required=False,
        help_text=_("Of a threshold: in the business's currency, percent or a number."),
    )
    days = forms.ChoiceField(
        label=_("Over"),
        choices=[
            (1, _("One day")), (3, _("3 days")), (7, _("7 days")), (14, _("14 days")),
            (30, _("30 days")),
        ],
        required=False,
    )  # fmt: skip
    minimum_change = forms.IntegerField(
        label=_("Smallest change"),
        min_value=10,
        max_value=1000,
        initial=30,
        required=False,
        help_text=_("Percent; of unusual days. Smaller ones are not told."),
    )

    def __init__(self, data: Any = None, *, actor: Actor, **kwargs: Any) -> None:
        super().__init__(data, auto_id="alert-%s", **kwargs)
        business: Any = self.fields["business_id"]
        business.choices = business_choices(actor)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("kind") == "threshold" and found.get("value") is None:
            self.add_error("value", _("A threshold needs a value."))
        metric = found.get("metric")
        if found.get("kind") == "anomaly" and metric and Metric(metric) not in SERIES:
            names = ", ".join(str(METRIC_NAMES[one]) for one in SERIES)
            self.add_error("metric", _("Unusual days are known of: %(names)s.") % {"names": names})
        return found

    def body(self) -> dict[str, Any]:
        """The same as the API takes it."""
        said = self.cleaned_data
        body = {name: said[name] for name in ("name", "business_id")}
        if said["kind"] == "anomaly":
            change = said["minimum_change"] or 30
            return {**body, "anomaly": {"metric": said["metric"], "minimum_change": change}}
        condition = {
            "metric": said["metric"],
            "operator": said["operator"] or "gt",
            "value": said["value"],
            "timeframe_hours": 24 * int(said["days"] or 1),
        }
        return {**body, "condition": condition}
