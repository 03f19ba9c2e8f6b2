"""Forms of the creative pages; each becomes the body that the REST face would take."""

from typing import Any

import pydantic
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rendering import rule_text
from core.ids import new_uuid
from creatives.bodies import BrandBody, ImageBody, TextBody, VariationsBody
from creatives.domain import limits
from creatives.providers import choosing

TONES = {
    "professional": _("Professional"),
    "friendly": _("Friendly"),
    "playful": _("Playful"),
    "bold": _("Bold"),
    "urgent": _("Urgent"),
}
PLATFORMS = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "tiktok": "TikTok",
    "reddit": "Reddit",
}
PLACEMENTS = {"feed": _("Feed"), "stories": _("Stories"), "reels": _("Reels")}
TYPES = {
    "headline": _("Headline"),
    "primary_text": _("Text"),
    "description": _("Description"),
}
STYLES = {
    "photo_realistic": _("Photograph"),
    "illustration": _("Drawing"),
    "minimal": _("Minimal"),
    "bold": _("Bold"),
}
SIZES = {
    "1080x1080": _("Square, 1080 by 1080"),
    "1080x1350": _("Upright, 1080 by 1350"),
    "1080x1920": _("Stories and reels, 1080 by 1920"),
    "1200x628": _("Link, 1200 by 628"),
}
LANGUAGES = {
    "ar": _("Arabic"), "cs": _("Czech"), "da": _("Danish"), "de": _("German"), "el": _("Greek"),
    "en": _("English"), "es": _("Spanish"), "fi": _("Finnish"), "fr": _("French"),
    "he": _("Hebrew"), "hi": _("Hindi"), "hu": _("Hungarian"), "id": _("Indonesian"),
    "it": _("Italian"), "ja": _("Japanese"), "ko": _("Korean"), "nl": _("Dutch"),
    "no": _("Norwegian"), "pl": _("Polish"), "pt": _("Portuguese"), "ro": _("Romanian"),
    "ru": _("Russian"), "sv": _("Swedish"), "th": _("Thai"), "tr": _("Turkish"),
    "uk": _("Ukrainian"), "vi": _("Vietnamese"), "zh": _("Chinese"),
}  # fmt: skip
PROVIDERS = {
    "auto": _("The configured models in turn; the local one where there is none"),
    "local": _("Local, no model"),
    "anthropic": "Claude",
    "openai": "OpenAI",
    "xai": "Grok",
    "stability": "Stability",
}


def _providers(names: tuple[str, ...]) -> list[tuple[str, Any]]:
    usable = {choosing.AUTO, choosing.LOCAL, *choosing.configured()}
    return [(name, PROVIDERS[name]) for name in names if name in usable]


def _text_providers() -> list[tuple[str, Any]]:
    return _providers(choosing.TEXT_NAMES)


def _image_providers() -> list[tuple[str, Any]]:
    return _providers(choosing.IMAGE_NAMES)


def _key() -> str:
    return new_uuid().hex


class GenerationForm(forms.Form):
    """What to generate. `request_key` makes a form that is sent twice one generation."""

    request_key = forms.RegexField(
        r"^[0-9a-f]{32}$", initial=_key, required=False, widget=forms.HiddenInput
    )

    def wanted(self) -> tuple[str, dict[str, Any]] | None:
        """The generation's kind and what is asked for; None after adding what is wrong."""
        try:
            return self.build()
        except pydantic.ValidationError as error:
            for item in error.errors():
                self.add_named_error(str(item["loc"][0]), rule_text(item["type"], item["msg"]))
        return None

    def build(self) -> tuple[str, dict[str, Any]]:
        """The kind and the checked fields; raises pydantic.ValidationError."""
        raise NotImplementedError

    def add_named_error(self, field: str, message: str) -> None:
        """Put a message beside the field it speaks of, or on top of the form."""
        self.add_error(field if field in self.fields else None, message)


class CopyForm(GenerationForm):
    """Copy, with an image each where wanted."""

    product_description = forms.CharField(
        label=_("What is advertised"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Facts in plain words. The copy may say no more than this."),
    )
    target_audience = forms.CharField(label=_("For whom"), required=False, max_length=300)
    platform = forms.ChoiceField(label=_("Platform"), choices=list(PLATFORMS.items()))
    placement = forms.ChoiceField(label=_("Placement"), choices=list(PLACEMENTS.items()))
    language = forms.ChoiceField(
        label=_("Language"),
        initial="en",
        choices=list(LANGUAGES.items()),
        help_text=_("The local provider writes English, German, Spanish and French."),
    )
    tone = forms.ChoiceField(label=_("Tone"), choices=list(TONES.items()))
    types = forms.MultipleChoiceField(
        label=_("Texts"),
        choices=list(TYPES.items()),
        initial=list(TYPES),
        widget=forms.CheckboxSelectMultiple,
    )
    count = forms.IntegerField(
        label=_("How many variations"), min_value=1, max_value=limits.MOST_VARIATIONS, initial=3
    )
    provider = forms.ChoiceField(label=_("Written by"), choices=_text_providers)
    include_images = forms.BooleanField(label=_("An image with each"), required=False)
    style = forms.ChoiceField(label=_("Style of images"), choices=list(STYLES.items()))
    size = forms.ChoiceField(label=_("Size of images"), choices=list(SIZES.items()))
    image_provider = forms.ChoiceField(label=_("Drawn by"), choices=_image_providers)

    def build(self) -> tuple[str, dict[str, Any]]:
        given = {name: self.cleaned_data[name] for name in self.fields if name != "request_key"}
        if given["include_images"]:
            return "variations", VariationsBody(**given).asked()
        pictures = ("include_images", "style", "size", "image_provider", "count")
        words = {name: value for name, value in given.items() if name not in pictures}
        return "text", TextBody(**words, variations=given["count"]).asked()


class ImageForm(GenerationForm):
    """Images alone."""

    prompt = forms.CharField(
        label=_("What the image shows"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    style = forms.ChoiceField(label=_("Style of images"), choices=list(STYLES.items()))
    size = forms.ChoiceField(label=_("Size of images"), choices=list(SIZES.items()))
    count = forms.IntegerField(
        label=_("How many images"), min_value=1, max_value=limits.MOST_IMAGES, initial=1
    )
    provider = forms.ChoiceField(label=_("Drawn by"), choices=_image_providers)

    def build(self) -> tuple[str, dict[str, Any]]:
        given = {name: self.cleaned_data[name] for name in self.fields if name != "request_key"}
        return "image", ImageBody(**given).asked()


FORMS: dict[str, type[CopyForm | ImageForm]] = {"copy": CopyForm, "image": ImageForm}


class BrandForm(forms.Form):
    """How a business speaks and looks; what is empty is no rule."""

    voice = forms.CharField(
        label=_("Voice"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For example: plain and warm, no jargon. The local provider has one voice."),
    )
    banned_words = forms.CharField(
        label=_("Words never to use"),
        required=False,
        max_length=7000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One word or phrase a line, at most 100."),
    )
    colors = forms.CharField(
        label=_("Colours"),
        required=False,
        max_length=100,
        help_text=_("Up to five as #rrggbb, separated by spaces."),
    )
    logo_url = forms.CharField(
        label=_("Logo"),
        required=False,
        max_length=2000,
        help_text=_("Address of an image; it is fetched once and kept. Empty: no logo."),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )

    def body(self) -> BrandBody | None:
        """The rules as the REST face takes them; None after adding what is wrong."""
        given = self.cleaned_data
        lines = [line.strip() for line in given["banned_words"].splitlines()]
        try:
            return BrandBody(
                voice=given["voice"],
                banned_words=[line for line in lines if line],
                colors=given["colors"].replace(",", " ").split(),
                logo_url=given["logo_url"] or None,
            )
        except pydantic.ValidationError as error:
            for item in error.errors():
                name = str(item["loc"][0])
                if not self.has_error(name):
                    self.add_error(name, rule_text(item["type"], item["msg"]))
        return None
