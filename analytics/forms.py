"""Forms of the analytics page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.services.report_pdf import is_available

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
