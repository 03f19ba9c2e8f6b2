"""Forms of the webhook pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.events import EVENT_TYPES
from accounts.forms import business_choices
from core.actors import Actor
from webhooks.domain.states import PING, SLACK, STATES, WEBHOOK


class EndpointForm(forms.Form):
    """A new webhook."""

    kind = forms.ChoiceField(
        label=_("Receiver"),
        choices=[(WEBHOOK, _("Your own: signed JSON")), (SLACK, _("Slack: messages in a channel"))],
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        help_text=_(
            "A public https address that answers 2xx within 15 seconds, or one of Slack's."
        ),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[("test", _("Test: the simulated ad network")), ("live", _("Live: real money"))],
    )
    business_id = forms.ChoiceField(label=_("Business"), required=False)
    events = forms.MultipleChoiceField(
        label=_("Events"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, f"{name}: {text}") for name, text in EVENT_TYPES.items()],
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        business: Any = self.fields["business_id"]
        business.required = actor.business_ids is not None
        everything = [] if business.required else [("", _("All businesses"))]
        business.choices = everything + business_choices(actor)


class ReplayForm(forms.Form):
    """What to send again."""

    hours = forms.ChoiceField(
        label=_("What happened in"),
        choices=[
            ("1", _("the last hour")),
            ("24", _("the last day")),
            ("168", _("the last 7 days")),
            ("720", _("the last 30 days")),
        ],
    )
    failed_only = forms.BooleanField(
        label=_("Only what never arrived"), required=False, initial=True
    )


class DeliveryFilter(forms.Form):
    """Which deliveries to show."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Any")),
            *zip(STATES, (_("pending"), _("delivered"), _("failed"), _("missed")), strict=True),
        ],
    )
    event = forms.ChoiceField(
        label=_("Event"),
        required=False,
        choices=[("", _("All")), *((name, name) for name in (*EVENT_TYPES, PING))],
    )
