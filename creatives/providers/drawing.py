"""Images without a model: a ground in brand colours, the logo, one line of text in a safe box."""

import io
import unicodedata
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from creatives.providers.base import PictureBrief

Color = tuple[int, int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
_COLORS = ("#1f3a5f", "#e07a5f", "#f4f1de")
_LARGEST, _SMALLEST = 0.11, 0.035  # of the image's shorter side
_LINE = 1.2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the text and the logo may stand; platforms cover or crop the rest."""

    text: Box
    logo: Box


def layout(size: tuple[int, int]) -> Layout:
    """Safe boxes of an image: of an upright one also without what stories lay over it."""
    width, height = size
    side = round(width * 0.08)
    upright = height / width > 1.5
    top = round(height * (0.14 if upright else 0.08))
    bottom = round(height * (0.80 if upright else 0.92))
    logo_height = round(min(size) * 0.12)
    logo = (side, top, width - side, top + logo_height)
    return Layout(text=(side, logo[3] + round(min(size) * 0.04), width - side, bottom), logo=logo)


def draw(brief: PictureBrief) -> bytes:
    """A PNG of exactly `brief.size`; the same brief gives the same bytes."""
    colors = _colors(brief)
    image = _ground(brief, colors)
    places = layout(brief.size)
    _set_text(image, brief.text, box=places.text, ground=colors[0])
    _paste_logo(image, brief.brand.logo, places.logo)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _colors(brief: PictureBrief) -> list[Color]:
    """Ground and two more; each further image of a request begins with the next one."""
    names = [*brief.brand.colors, *_COLORS][: max(3, len(brief.brand.colors))]
    turned = names[brief.number % len(names) :] + names[: brief.number % len(names)]
    return [_rgb(name) for name in turned[:3]]


def _rgb(name: str) -> Color:
    return int(name[1:3], 16), int(name[3:5], 16), int(name[5:7], 16)


def _ground(brief: PictureBrief, colors: list[Color]) -> Image.Image:
    """Shapes of the style around the safe box, near the edges; the box itself stays of one colour
    so that text on it can be read.
    """
    width, height = brief.size
    image = Image.new("RGB", brief.size, colors[0])
    pen = ImageDraw.Draw(image)
    band = round(min(brief.size) * 0.045)
    mark = colors[2]
    if brief.style == "minimal":
        pen.rectangle((0, height - band, width, height), fill=colors[1])
    elif brief.style == "bold":
        pen.rectangle((0, 0, width - 1, height - 1), outline=colors[1], width=band)
    else:
        pen.rectangle((0, 0, width, band), fill=colors[1])
        pen.rectangle((0, height - band, width, height), fill=colors[2])
        mark = colors[1]
        pen.ellipse((width - 2 * band, -2 * band, width + 2 * band, 2 * band), fill=colors[2])
    # Longer on each image of a request, so that no two are the same.
    pen.rectangle((0, height - band // 3, width * (1 + brief.number) // 12, height), fill=mark)
    return image


def _readable_on(ground: Color) -> Color:
    """Black or white, whichever stands out more (relative luminance of WCAG)."""
    parts = [
        value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4
        for value in ground
    ]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def _set_text(image: Image.Image, text: str, *, box: Box, ground: Color) -> None:
    """The text as large as it fits, its lines cut where even the smallest does not."""
    shown = _printable(text)
    if not shown:
        return
    short_side = min(image.size)
    most_width, most_height = box[2] - box[0], box[3] - box[1]
    size = round(short_side * _LARGEST)
    while True:
        font = _font(size)
        lines = _wrapped(shown, font, most_width)
        fits = lines is not None and len(lines) * size * _LINE <= most_height
        if fits or size <= short_side * _SMALLEST:
            break
        size -= max(2, size // 12)
    room = int(most_height // (size * _LINE))
    pen = ImageDraw.Draw(image)
    ink = _readable_on(ground)
    for number, line in enumerate((lines or _cut(shown, font, most_width))[:room]):
        place = (box[0], box[1] + number * size * _LINE)
        pen.text(place, line, fill=ink, font=font, anchor="lt")


def _font(size: int) -> ImageFont.FreeTypeFont:
    """The font inside Pillow, so that every machine draws the same."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


def _printable(text: str) -> str:
    """The text in letters the font has, accents dropped where it lacks them; empty where too much
    would be lost, since anything else shows as boxes.
    """
    shown = "".join(char if _has(char) else _plain_letter(char) for char in text)
    return " ".join(shown.split()) if len(shown) >= 0.8 * len(text) else ""


def _plain_letter(char: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", char) if one != char and _has(one))


@cache
def _has(char: str) -> bool:
    font = _font(24)
    return char == " " or bytes(font.getmask(char)) != bytes(font.getmask("\U0010fffd"))


def _wrapped(text: str, font: ImageFont.FreeTypeFont, most: int) -> list[str] | None:
    """Lines of at most `most` pixels; None where a single word is wider."""
    lines: list[str] = []
    for word in text.split():
        if font.getlength(word) > most:
            return None
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(joined) <= most:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _cut(text: str, font: ImageFont.FreeTypeFont, most: int) -> list[str]:
    """Lines cut between letters."""
    lines = [""]
    for char in text:
        if font.getlength(lines[-1] + char) > most:
            lines.append("")
        lines[-1] += char
    return lines


def _paste_logo(image: Image.Image, content: bytes, box: Box) -> None:
    """The whole logo in its box at the left, its shape kept."""
    if not content:
        return
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
            logo = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError):
        return
    scale = min((box[2] - box[0]) / logo.width, (box[3] - box[1]) / logo.height)
    logo = logo.resize((max(1, int(logo.width * scale)), max(1, int(logo.height * scale))))
    image.paste(logo, (box[0], box[1]), logo)
