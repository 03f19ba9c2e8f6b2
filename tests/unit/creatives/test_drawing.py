"""Drawn images, decoded: exact sizes, brand colours, the logo, text inside the safe box."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from creatives.domain.limits import SIZES, STYLES
from creatives.providers.base import Brand, PictureBrief
from creatives.providers.drawing import draw, layout


def logo(color=(250, 10, 200, 255), size=(400, 100)):
    out = io.BytesIO()
    Image.new("RGBA", size, color).save(out, "PNG")
    return out.getvalue()


BRAND = Brand(colors=("#102030", "#d0a020", "#30b060"), logo=logo())
BRIEF = PictureBrief(
    prompt="Oak chairs", text="Handmade oak chairs for small homes", style="illustration",
    size=(1080, 1080), number=0, brand=BRAND,
)  # fmt: skip


def decoded(content):
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        return image.convert("RGB")


def changed_by(brief, **changes):
    """The box of the pixels that another brief draws differently; None where it is the same."""
    return ImageChops.difference(
        decoded(draw(brief)), decoded(draw(replace(brief, **changes)))
    ).getbbox()


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("style", STYLES)
def test_text_and_logo_stay_in_their_boxes(name, style):
    brief = replace(BRIEF, size=SIZES[name], style=style)
    assert decoded(draw(brief)).size == SIZES[name]
    places = layout(brief.size)
    for box, place in (
        (changed_by(brief, text=""), places.text),
        (changed_by(brief, brand=replace(BRAND, logo=b"")), places.logo),
    ):
        assert box is not None
        assert (box[0] >= place[0], box[1] >= place[1]) == (True, True)
        assert (box[2] <= place[2] + 1, box[3] <= place[3] + 1) == (True, True)
    assert places.text[1] > places.logo[3]


def test_stories_leave_room_for_what_lies_over_them():
    place = layout((1080, 1920)).text
    assert place[1] > 0.14 * 1920
    assert place[3] <= 0.80 * 1920


@pytest.mark.parametrize("text", ["x" * 400, "word " * 200, "W", "Ünïcödé"])
def test_any_text_fits(text):
    brief = replace(BRIEF, text=text, size=(1200, 628))
    box, place = changed_by(brief, text=""), layout(brief.size).text
    assert box is not None
    assert box[2] <= place[2] + 1
    assert box[3] <= place[3] + 1


def test_letters_the_font_lacks_are_not_drawn_as_boxes():
    assert changed_by(replace(BRIEF, text="椅子" * 6), text="") is None


def test_brand_colours_are_used_and_images_of_a_request_differ():
    grounds = []
    for number, expected in enumerate([(16, 32, 48), (208, 160, 32), (48, 176, 96)]):
        image = decoded(draw(replace(BRIEF, number=number, text="")))
        grounds.append(image.getpixel((540, 900)))
        assert grounds[-1] == expected
    assert draw(replace(BRIEF, number=3)) != draw(BRIEF)
    assert draw(BRIEF) == draw(BRIEF)


def test_the_whole_logo_keeps_its_shape():
    box = changed_by(BRIEF, brand=replace(BRAND, logo=b""))
    assert abs((box[2] - box[0]) / (box[3] - box[1]) - 4) < 0.1
    assert decoded(draw(BRIEF)).getpixel((box[0] + 5, box[1] + 5)) == (250, 10, 200)
    broken = replace(BRAND, logo=b"not an image")
    assert changed_by(replace(BRIEF, brand=broken), brand=replace(BRAND, logo=b"")) is None
