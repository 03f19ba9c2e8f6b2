"""What copy and images may be: lengths per platform and placement, words, sizes."""

from dataclasses import dataclass
from typing import Literal, get_args

Platform = Literal["facebook", "instagram", "tiktok", "reddit"]
Placement = Literal["feed", "stories", "reels"]
TextType = Literal["headline", "primary_text", "description"]
Tone = Literal["professional", "friendly", "playful", "bold", "urgent"]
# Models write all of them, the local provider those of `frames`.
Language = Literal[
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "ko", "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh",
]  # fmt: skip
Style = Literal["photo_realistic", "illustration", "minimal", "bold"]
Size = Literal["1080x1080", "1080x1350", "1080x1920", "1200x628"]
TEXT_TYPES: tuple[TextType, ...] = get_args(TextType)
TONES: tuple[Tone, ...] = get_args(Tone)
STYLES: tuple[Style, ...] = get_args(Style)
SIZES: dict[Size, tuple[int, int]] = {
    "1080x1080": (1080, 1080),
    "1080x1350": (1080, 1350),
    "1080x1920": (1080, 1920),
    "1200x628": (1200, 628),
}
MOST_VARIATIONS = 10
MOST_IMAGES = 4


@dataclass(frozen=True, slots=True)
class Lengths:
    """The most characters of each text that the placement shows uncut."""

    headline: int
    primary_text: int
    description: int

    def of(self, text_type: str) -> int:
        return int(getattr(self, text_type))


LENGTHS: dict[tuple[Platform, Placement], Lengths] = {
    ("facebook", "feed"): Lengths(40, 125, 30),
    ("facebook", "stories"): Lengths(40, 125, 30),
    ("facebook", "reels"): Lengths(40, 72, 30),
    ("instagram", "feed"): Lengths(40, 125, 30),
    ("instagram", "stories"): Lengths(40, 125, 30),
    ("instagram", "reels"): Lengths(40, 72, 30),
    ("tiktok", "feed"): Lengths(40, 100, 30),
    ("reddit", "feed"): Lengths(150, 300, 30),
}


def placements_of(platform: str) -> tuple[str, ...]:
    """The placements a platform has."""
    return tuple(placement for known, placement in LENGTHS if known == platform)
