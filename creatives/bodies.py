"""Bodies and answers of the routes under /ai."""

from typing import Annotated, Any, Literal

import pydantic

from core.shapes import Answer, Page, PageQuery, Time, Words, an_id
from creatives.domain import limits
from creatives.domain.limits import MOST_IMAGES, MOST_VARIATIONS, TEXT_TYPES
from creatives.domain.outside import plain_text

_AUTO, _LOCAL = "the configured ones in turn, local where there is none", "no model at all"
_FAILED = {
    "provider_unavailable": "no provider answered",
    "provider_refused": "every provider refused the request",
    "invalid_output": "what they wrote broke the rules, twice",
    "nothing_to_say": "the description has too few words for so many variations",
    "internal_error": "it ended midway",
}
_UNPREDICTED = {
    "no_history": "the business has no delivery yet",
    "too_few_ads": "fewer than 5 of its ads were delivered",
    "too_few_impressions": "fewer than 5,000 impressions in all",
    "platform_without_history": "nothing was delivered on this platform",
}
_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_KINDS = {"text": "copy", "image": "images", "variations": "copy, with images where wanted"}
_STATUSES = {
    "processing": "not finished; poll",
    "completed": "finished",
    "failed": "ended without a result; nothing was charged",
}

Platform = Annotated[
    limits.Platform,
    Words(
        {
            "facebook": "Facebook",
            "instagram": "Instagram",
            "tiktok": "TikTok",
            "reddit": "Reddit",
        }
    ),
]
Placement = Annotated[
    limits.Placement,
    Words(
        {
            "feed": "between posts",
            "stories": "a story of Facebook or Instagram",
            "reels": "a reel of Facebook or Instagram",
        }
    ),
]
TextType = Annotated[
    limits.TextType,
    Words(
        {
            "headline": "the line people read first",
            "primary_text": "the body",
            "description": "the small line below the headline",
        }
    ),
]
Tone = Annotated[
    limits.Tone,
    Words(
        {
            "professional": "factual",
            "friendly": "warm",
            "playful": "with a wink",
            "bold": "short and sure",
            "urgent": "act soon",
        }
    ),
]
Language = Annotated[limits.Language, Words(_LANGUAGES)]
Style = Annotated[
    limits.Style,
    Words(
        {
            "photo_realistic": "a photograph",
            "illustration": "a drawing",
            "minimal": "much empty space",
            "bold": "strong contrast",
        }
    ),
]
Size = Annotated[
    limits.Size,
    Words(
        {
            "1080x1080": "square, feed",
            "1080x1350": "upright, feed",
            "1080x1920": "stories and reels",
            "1200x628": "link",
        }
    ),
]
TextProvider = Annotated[
    Literal["auto", "anthropic", "openai", "xai", "local"],
    Words(
        {
            "auto": _AUTO,
            "anthropic": "Claude",
            "openai": "OpenAI",
            "xai": "Grok",
            "local": _LOCAL,
        }
    ),
]
ImageProvider = Annotated[
    Literal["auto", "openai", "stability", "local"],
    Words({"auto": _AUTO, "openai": "OpenAI", "stability": "Stability", "local": _LOCAL}),
]
Kind = Annotated[Literal["text", "image", "variations"], Words(_KINDS)]
Status = Annotated[Literal["processing", "completed", "failed"], Words(_STATUSES)]
Count = Annotated[int, pydantic.Field(ge=1, le=MOST_VARIATIONS)]
Color = Annotated[str, pydantic.Field(pattern=r"^#[0-9a-fA-F]{6}$")]


def _each_once(types: list[TextType]) -> list[TextType]:
    return [name for name in TEXT_TYPES if name in types]


def _plain_words(words: list[str]) -> list[str]:
    plain = (plain_text(word, most=60) for word in words)
    return [word for word in dict.fromkeys(plain) if word]


def _plain_voice(text: str) -> str:
    return plain_text(text, most=500)


class Body(pydantic.BaseModel):
    """A request for a generation; `business_id` may be left out where only one is meant."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    business_id: Annotated[str, pydantic.Field(max_length=60)] = ""

    def asked(self) -> dict[str, Any]:
        """What the generation is made of, without whose it is."""
        return self.model_dump(mode="json", exclude={"business_id"})


class CopyFields(Body):
    product_description: Annotated[str, pydantic.Field(min_length=1, max_length=2000)]
    target_audience: Annotated[str, pydantic.Field(max_length=300)] = ""
    tone: Tone = "professional"
    platform: Platform = "facebook"
    placement: Placement = "feed"
    language: Language = "en"
    types: Annotated[
        list[TextType],
        pydantic.Field(min_length=1, max_length=3),
        pydantic.AfterValidator(_each_once),
    ] = list(TEXT_TYPES)
    provider: TextProvider = "auto"


class TextBody(CopyFields):
    """`variations` is how many; each costs one credit."""

    variations: Count = 3

    def asked(self) -> dict[str, Any]:
        """As in Body; how many is `count`."""
        fields = super().asked()
        return {**fields, "count": fields.pop("variations")}


class ImageBody(Body):
    """`count` images, one credit each."""

    prompt: Annotated[str, pydantic.Field(min_length=1, max_length=1000)]
    style: Style = "photo_realistic"
    size: Size = "1080x1080"
    count: Annotated[int, pydantic.Field(ge=1, le=MOST_IMAGES)] = 1
    provider: ImageProvider = "auto"


class VariationsBody(CopyFields):
    """`count` variations, one credit each, and one more for the image of each."""

    count: Count = 3
    include_images: bool = False
    style: Style = "photo_realistic"
    size: Size = "1080x1080"
    image_provider: ImageProvider = "auto"


class BrandBody(pydantic.BaseModel):
    """All of a business's brand rules: what is left out is empty afterwards."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    voice: Annotated[str, pydantic.Field(max_length=500), pydantic.AfterValidator(_plain_voice)] = (
        ""
    )
    banned_words: Annotated[
        list[Annotated[str, pydantic.Field(min_length=1, max_length=60)]],
        pydantic.Field(max_length=100),
        pydantic.AfterValidator(_plain_words),
    ] = []
    colors: Annotated[list[Color], pydantic.Field(max_length=5)] = []
    logo_url: Annotated[str, pydantic.Field(max_length=2000)] | None = None


class Variation(Answer):
    """Copy, an image, or both.

    `predicted_ctr` is percent for a new ad of this business on the platform, from its own ads of
    the last 90 days with delivery, with the 80 % interval; null with `predicted_ctr_reason` where
    those are too few.
    """

    headline: str = ""
    primary_text: str = ""
    description: str = ""
    image_url: str | None = None
    asset_id: Annotated[str, an_id("ast")] | None = None
    width: int | None = None
    height: int | None = None
    predicted_ctr: float | None = None
    predicted_ctr_interval: list[float] | None = None
    predicted_ctr_reason: Annotated[str, Words(_UNPREDICTED)] | None = None


class GenerationResult(Answer):
    """The variations once more, where the guide's agent looks for them."""

    variations: list[Variation]


class GenerationFailure(Answer):
    """Why a generation failed, and what to do next."""

    code: Annotated[str, Words(_FAILED)]
    message: str
    hint: str


class Generation(Answer):
    """A generation.

    `provider` is who made it once it is completed; `local` made it without a model.
    `credits_remaining` is null where the plan has no limit.
    """

    id: Annotated[str, an_id("gen")]
    kind: Kind
    status: Status
    business_id: Annotated[str, an_id("biz")]
    provider: str
    model: str | None
    variations: list[Variation]
    result: GenerationResult
    error: GenerationFailure | None
    credits_used: int
    credits_reserved: int
    credits_remaining: int | None
    created_at: Time
    completed_at: Time | None


GenerationPage = Page[Generation]


class GenerationQuery(PageQuery):
    """Which generations."""

    status: Status | None = None


class BrandRules(Answer):
    """How a business speaks and looks."""

    business_id: Annotated[str, an_id("biz")]
    voice: str
    banned_words: list[str]
    colors: list[str]
    logo_url: str | None
    updated_at: Time | None
