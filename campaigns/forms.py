"""Forms of the dashboard; each builds the Command that the REST face would build."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from accounts.rendering import rule_text
from campaigns.commands import (
    Command,
    CreateAd,
    CreateAdSet,
    CreateCampaign,
    PushCreative,
    SetDailyBudget,
    SetLifetimeBudget,
    SetSchedule,
    SetTargeting,
    UpdateCampaign,
)
from campaigns.domain import words
from core.errors import InvalidError
from core.money import from_decimal

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

OBJECTIVES = [
    ("CONVERSIONS", _("Conversions")),
    ("TRAFFIC", _("Traffic")),
    ("AWARENESS", _("Awareness")),
    ("ENGAGEMENT", _("Engagement")),
    ("LEADS", _("Leads")),
    ("APP_INSTALLS", _("App installs")),
]
BUDGET_TYPES = [("daily", _("Each day")), ("lifetime", _("To the whole run, from start to end"))]
PLACEMENTS = [("facebook", "Facebook"), ("instagram", "Instagram")]
BUTTONS = [(name, name.replace("_", " ").capitalize()) for name in words.CALLS_TO_ACTION]


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day of the flight; platforms count days where the ad account is."""

    def __init__(self, *, label: "StrOrPromise") -> None:
        help_text = _("A day in the ad account's time zone.")
        super().__init__(label=label, required=False, widget=DateInput, help_text=help_text)


class CommandForm(forms.Form):
    """A form that becomes one Command. `names` maps a command's field to the form's."""

    names: ClassVar[Mapping[str, str]] = {}
    required_css_class = "required"

    def __init__(self, *args: Any, currency: str = "", **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(*args, **kwargs)
        if currency and "budget" in self.fields:
            self.fields["budget"].label = f"{self.fields['budget'].label} ({currency})"

    def command(self, **ids: str) -> Command | None:
        """The command of the cleaned values; None after adding what is wrong to the form."""
        try:
            return self.build(ids)
        except ValidationError as error:
            for item in error.errors():
                self.add_named_error(
                    [str(part) for part in item["loc"]], rule_text(item["type"], item["msg"])
                )
        except InvalidError as error:
            self.add_named_error([str(error.details.get("field", ""))], error.message)
        return None

    def build(self, ids: Mapping[str, str]) -> Command:
        """The command; raises pydantic.ValidationError or InvalidError."""
        raise NotImplementedError

    def add_named_error(self, path: list[str], message: str) -> None:
        """Put a message beside the field it speaks of, or on top of the form."""
        for part in reversed(path):
            name = self.names.get(part, part)
            if name in self.fields:
                if not self.has_error(name):  # a second rule that fails with the first says less
                    self.add_error(name, message)
                return
        self.add_error(None, message)

    def filled(self, *fields: str) -> dict[str, Any]:
        """The cleaned values of `fields` that were given."""
        values = {name: self.cleaned_data.get(name) for name in fields}
        return {name: value for name, value in values.items() if value not in (None, "")}

    def micros(self) -> int:
        """The budget in micros; raises InvalidError for too many decimals."""
        return from_decimal(self.cleaned_data["budget"], self.currency, field="budget").micros


class CampaignForm(CommandForm):
    names: ClassVar[Mapping[str, str]] = {"budget_micros": "budget"}
    name = forms.CharField(label=_("Name"), max_length=400)
    objective = forms.ChoiceField(label=_("Objective"), choices=OBJECTIVES)
    budget_type = forms.ChoiceField(label=_("Budget applies"), choices=BUDGET_TYPES)
    budget = forms.DecimalField(label=_("Budget"), min_value=0)
    platforms = forms.MultipleChoiceField(
        label=_("Placements"),
        choices=PLACEMENTS,
        initial=["facebook", "instagram"],
        widget=forms.CheckboxSelectMultiple,
    )
    start_date = DayField(label=_("Starts"))
    end_date = DayField(label=_("Ends"))
    target_location = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=200,
        help_text=_("Name or two-letter code; the first ad set reaches it."),
    )
    target_url = forms.URLField(label=_("Landing page"), required=False, assume_scheme="https")
    message = forms.CharField(
        label=_("Message of the first ad"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def build(self, ids: Mapping[str, str]) -> Command:
        return CreateCampaign(
            business_id=ids["business_id"],
            budget_micros=self.micros(),
            currency=self.currency,
            platforms=tuple(self.cleaned_data["platforms"]),
            **self.filled(
                "name", "objective", "budget_type", "start_date", "end_date",
                "target_location", "target_url", "message",
            ),
        )  # fmt: skip


class DetailsForm(CommandForm):
    name = forms.CharField(label=_("Name"), max_length=400)
    objective = forms.ChoiceField(label=_("Objective"), choices=OBJECTIVES)
    target_location = forms.CharField(label=_("Country"), required=False, max_length=200)
    target_url = forms.URLField(label=_("Landing page"), required=False, assume_scheme="https")
    message = forms.CharField(
        label=_("Message of the first ad"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def build(self, ids: Mapping[str, str]) -> Command:
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        return UpdateCampaign(campaign_id=ids["campaign_id"], **changed)


class BudgetForm(CommandForm):
    names: ClassVar[Mapping[str, str]] = {"budget_micros": "budget"}
    budget_type = forms.ChoiceField(label=_("Budget applies"), choices=BUDGET_TYPES)
    budget = forms.DecimalField(label=_("Budget"), min_value=0)

    def build(self, ids: Mapping[str, str]) -> Command:
        daily = self.cleaned_data["budget_type"] == "daily"
        kind = SetDailyBudget if daily else SetLifetimeBudget
        return kind(
            campaign_id=ids["campaign_id"], budget_micros=self.micros(), currency=self.currency
        )


class ScheduleForm(CommandForm):
    start_date = DayField(label=_("Starts"))
    end_date = DayField(label=_("Ends"))

    def build(self, ids: Mapping[str, str]) -> Command:
        return SetSchedule(
            campaign_id=ids["campaign_id"],
            clear_end_date=bool(self.initial.get("end_date")) and not self.cleaned_data["end_date"],
            **self.filled("start_date", "end_date"),
        )


class TargetingForm(CommandForm):
    names: ClassVar[Mapping[str, str]] = {
        "locations": "countries", "value": "countries", "age_range": "age_max",
    }  # fmt: skip
    age_min = forms.IntegerField(label=_("Youngest age"), min_value=13, max_value=65, initial=18)
    age_max = forms.IntegerField(label=_("Oldest age"), min_value=13, max_value=65, initial=65)
    countries = forms.CharField(
        label=_("Countries"), help_text=_("Names or two-letter codes, separated by commas.")
    )
    interests = forms.CharField(
        label=_("Interests"), required=False, help_text=_("Separated by commas.")
    )

    def targeting(self) -> dict[str, Any]:
        """The targeting as the Agent API writes it."""
        countries, interests = self._listed("countries"), self._listed("interests")
        return {
            "age_min": self.cleaned_data["age_min"],
            "age_max": self.cleaned_data["age_max"],
            "locations": tuple({"type": "country", "value": name} for name in countries),
            "interests": tuple(interests),
        }

    def _listed(self, name: str) -> list[str]:
        return [part.strip() for part in self.cleaned_data[name].split(",") if part.strip()]

    def build(self, ids: Mapping[str, str]) -> Command:
        return SetTargeting.model_validate(
            {"ad_set_id": ids["ad_set_id"], "targeting": self.targeting()}
        )


class AdSetForm(TargetingForm):
    field_order = ("name",)
    name = forms.CharField(label=_("Name"), max_length=400)

    def build(self, ids: Mapping[str, str]) -> Command:
        return CreateAdSet.model_validate(
            {
                "campaign_id": ids["campaign_id"],
                "name": self.cleaned_data["name"],
                "targeting": self.targeting(),
            }
        )


class CreativeForm(CommandForm):
    headline = forms.CharField(label=_("Headline"), max_length=255, required=False)
    primary_text = forms.CharField(
        label=_("Text"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    description = forms.CharField(label=_("Description"), max_length=255, required=False)
    image_url = forms.URLField(label=_("Image address"), required=False, assume_scheme="https")
    call_to_action = forms.ChoiceField(label=_("Button"), choices=BUTTONS)
    link_url = forms.URLField(label=_("Link"), assume_scheme="https")

    def creative(self) -> dict[str, Any]:
        """The creative as the Agent API writes it."""
        return {name: self.cleaned_data[name] for name in CreativeForm.base_fields}

    def build(self, ids: Mapping[str, str]) -> Command:
        return PushCreative.model_validate({"ad_id": ids["ad_id"], "creative": self.creative()})


class AdForm(CreativeForm):
    field_order = ("name",)
    name = forms.CharField(label=_("Name"), max_length=400)
    generation_id = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def build(self, ids: Mapping[str, str]) -> Command:
        return CreateAd.model_validate(
            {
                "ad_set_id": ids["ad_set_id"],
                "name": self.cleaned_data["name"],
                "creative": self.creative(),
                "generation_id": self.cleaned_data["generation_id"],
            }
        )
