"""Forms of the account pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from allauth.account.forms import ResetPasswordForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.adapter import browser_origin
from accounts.domain.roles import may_grant
from accounts.models import ApiKey, User
from accounts.queries import list_businesses
from accounts.services import factors, registration
from core.actors import Actor, Role
from core.clock import now
from core.errors import RateLimitedError
from core.ids import encode
from core.tenancy import tenant_tx
from core.text import is_plain

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _password(label: "StrOrPromise") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters; a few unrelated words work well."),
    )


class _CountedGuess:
    """allauth's factor forms, with our windows around the comparison."""

    user: User

    def clean_code(self) -> str:
        moment = now()
        try:
            factors.count_guess(self.user.pk, now=moment)
        except RateLimitedError as error:
            raise forms.ValidationError(error.message) from error
        code: str = super().clean_code()  # type: ignore[misc]
        factors.forgive_guess(self.user.pk, now=moment)
        return code


class FactorForm(_CountedGuess, AuthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """The second factor at sign-in."""


class FactorAgainForm(_CountedGuess, ReauthenticateForm):  # type: ignore[misc]
    """The second factor before something sensitive."""


class ResetForm(ResetPasswordForm):  # type: ignore[misc]  # allauth is untyped
    """Answers before it is known whose address it is: that shows when the mail is written."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        return email

    def save(self, request: HttpRequest, **_kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        origin = browser_origin(request)
        registration.mail_within_limits("password_reset", email, origin=origin, now=now())
        return email


class PlainForm(forms.Form):
    """A form whose lines show as what they are; a password may be anything."""

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]  # missing from the stubs
        for name, value in list(self.cleaned_data.items()):
            is_free = isinstance(self.fields[name].widget, forms.PasswordInput)
            if isinstance(value, str) and not is_free and not is_plain(value, lines=False):
                self.add_error(name, _("Has characters that nobody sees, or a line end."))


class SignUpForm(PlainForm):
    """What a person types in to sign up."""

    first_name = forms.CharField(
        label=_("First name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = _password(_("Password"))


class CodeForm(forms.Form):
    """The mailed 6-digit code."""

    code = forms.RegexField(
        r"^\s*\d{6}\s*$",
        label=_("Code from the mail"),
        error_messages={"invalid": _("The code has six digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip()


class ClaimForm(PlainForm):
    """A person's own password for an account that an agent registered."""

    token = forms.CharField(widget=forms.HiddenInput)
    password = _password(_("New password"))
    keep_keys = forms.MultipleChoiceField(
        label=_("Keys to keep"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Made before you took over. Tick only those of an agent that you asked to register; "
            "all others stop at once."
        ),
    )

    def __init__(self, *args: Any, keys: Sequence[ApiKey] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keep_keys"].choices = [  # type: ignore[attr-defined]
            (encode("key", key.pk), f"{key.name}: {key} ({key.created_at:%Y-%m-%d %H:%M} UTC)")
            for key in keys
        ]
        if not keys:
            del self.fields["keep_keys"]


class JoinForm(PlainForm):
    """A new person's details behind an invitation."""

    token = forms.CharField(widget=forms.HiddenInput)
    first_name = forms.CharField(
        label=_("First name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    password = _password(_("Password"))


ROLE_NAMES = {
    Role.OWNER: _("Owner"),
    Role.ADMIN: _("Admin"),
    Role.BUYER: _("Buyer"),
    Role.APPROVER: _("Approver"),
    Role.ANALYST: _("Analyst"),
}
ROLE_LABELS = {
    Role.OWNER: _("Owner: everything, billing and deletion too"),
    Role.ADMIN: _("Admin: policy, keys, team, kill switch"),
    Role.BUYER: _("Buyer: edits within ceilings, decides what agents propose"),
    Role.APPROVER: _("Approver: decides what others propose, edits nothing"),
    Role.ANALYST: _("Analyst: reads"),
}


def _role_choices(actor: Actor) -> list[tuple[str, "StrOrPromise"]]:
    return [(role, label) for role, label in ROLE_LABELS.items() if may_grant(actor.role, role)]


def business_choices(actor: Actor) -> list[tuple[str, str]]:
    """Businesses by name, at most 500; the environment stands in the label."""
    with tenant_tx(actor.tenant_id, readonly=True):
        rows = list_businesses(actor).order_by("name", "id")
        return [(encode("biz", row.pk), f"{row.name} ({row.environment})") for row in rows[:500]]


def _key_businesses(actor: Actor) -> list[tuple[str, str]]:
    """What a key may be bound to; a limited person's keys are always bound."""
    everything = [] if actor.business_ids is not None else [("", str(_("All businesses")))]
    return everything + business_choices(actor)


class RoleForm(PlainForm):
    """A member's role."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _role_choices(actor)  # type: ignore[attr-defined]


class InviteForm(RoleForm):
    """Whom to invite, as what, for which businesses."""

    email = forms.EmailField(label=_("E-mail"))
    businesses = forms.MultipleChoiceField(
        label=_("Limit to businesses"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of them, new ones too."),
    )
    field_order = ("email", "role", "businesses")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["role"].initial = Role.BUYER
        choices = business_choices(actor)
        if choices:
            self.fields["businesses"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["businesses"]


SCOPE_LABELS = {
    "campaigns:read": _("read campaigns, ad sets, ads"),
    "campaigns:write": _("propose and make campaign changes"),
    "content:generate": _("generate ad texts and images"),
    "analytics:read": _("read results"),
    "billing:read": _("read plan and invoices"),
    "billing:write": _("change the plan"),
    "webhooks:manage": _("manage webhooks"),
    "account:read": _("read account, businesses, keys"),
    "account:write": _("create businesses, manage keys"),
    "connect": _("connect ad platforms"),
    "ads:write:pending": _("approve proposals of other keys; given by a person only"),
    "ads:write:policy": _("propose policy changes; given by a person only"),
}


class KeyForm(PlainForm):
    """A new key."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Who or what will use it."))
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[("test", _("Test: the simulated ad network")), ("live", _("Live: real money"))],
    )
    business_id = forms.ChoiceField(label=_("Business"), required=False)
    days = forms.ChoiceField(
        label=_("Expires after"),
        initial="90",
        choices=[
            ("7", _("7 days")),
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("365", _("a year")),
            ("0", _("never")),
        ],
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        widget=forms.CheckboxSelectMultiple,
        initial=["campaigns:read", "analytics:read"],
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_id"].choices = _key_businesses(actor)  # type: ignore[attr-defined]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (name, f"{name}: {label}") for name, label in SCOPE_LABELS.items()
        ]


class ConsentForm(PlainForm):
    """Where a person lets an app work."""

    where = forms.ChoiceField(label=_("Where it may work"))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = [  # type: ignore[attr-defined]
            ("test", _("Every test business of yours: the simulated ad network")),
            ("live", _("Every live business of yours: real money")),
            *business_choices(actor),
        ]


class AppForm(PlainForm):
    """An app of the organisation."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("People see it."))
    redirect_uris = forms.CharField(
        label=_("Redirect addresses"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line; https, or http on localhost with any port. Matched exactly."),
    )
    has_secret = forms.BooleanField(
        label=_("It runs on a server and keeps a secret"),
        required=False,
        help_text=_("Leave empty for apps on people's own machines and in browsers."),
    )

    def clean_redirect_uris(self) -> list[str]:
        return str(self.cleaned_data["redirect_uris"]).split()


class TestKeyForm(PlainForm):
    """A key for the sandbox."""

    business_id = forms.ChoiceField(label=_("Business"), required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_id"].choices = _key_businesses(actor)  # type: ignore[attr-defined]


class BusinessForm(PlainForm):
    """A new business."""

    name = forms.CharField(label=_("Name"), max_length=200)
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[("test", _("Test: the simulated ad network")), ("live", _("Live: real money"))],
        help_text=_("Cannot be changed later."),
    )
    currency = forms.CharField(
        label=_("Currency"),
        min_length=3,
        max_length=3,
        initial="USD",
        help_text=_("ISO 4217 code, as the ad account has it."),
    )


class PreferencesForm(PlainForm):
    """Names and how the dashboard looks."""

    first_name = forms.CharField(label=_("First name"), max_length=100)
    last_name = forms.CharField(label=_("Last name"), max_length=100)
    theme = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        choices=[("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    shortcuts_enabled = forms.BooleanField(
        label=_("Keyboard shortcuts in the inbox"), required=False
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
