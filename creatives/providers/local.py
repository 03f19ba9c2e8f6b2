"""The provider that needs no key and no network: sentences of a grammar, drawn images."""

from collections.abc import Sequence
from typing import Any

from creatives.domain.copywriting import CopyBrief
from creatives.domain.frames import FRAMES
from creatives.domain.grammar import NothingToSayError, write_lines
from creatives.providers.base import PictureBrief, ProviderError
from creatives.providers.drawing import draw

NAME = "local"
LANGUAGES = tuple(FRAMES)


class LocalText:
    """Copy made of the description's own words."""

    name = NAME
    model = "grammar-1"

    def write(self, brief: CopyBrief, complaints: Sequence[str]) -> Any:
        """The variations; the same brief gives the same ones."""
        try:
            lines = write_lines(brief)
        except NothingToSayError as error:
            raise ProviderError("nothing_to_say") from error
        return {"variations": [{name: line.text for name, line in one.items()} for one in lines]}


class LocalImages:
    """Brand colours, logo and a line of text."""

    name = NAME
    model = "drawing-1"

    def draw(self, brief: PictureBrief) -> bytes:
        """A PNG of exactly the wanted size."""
        return draw(brief)
