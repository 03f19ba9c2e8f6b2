"""Text that somebody else wrote, before a model or a page sees it."""

import re
import unicodedata

_DROPPED = {"Cc", "Cf", "Co", "Cs", "Cn"}
_JOINERS = "\u200c\u200d"  # written inside words of several scripts
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u3164\uffa0]")
_MARKDOWN = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}[^()]{0,500}\)")
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]{0,4000}>?")
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://\S*|www\.\S+|javascript:\S*|\b(?:data|mailto):\S+", re.IGNORECASE
)
_LEFT = re.compile(r"[<>]|\]\(|://|javascript:", re.IGNORECASE)  # of what was nested or cut


def plain_text(text: str, *, most: int) -> str:
    """At most `most` characters on one line: nothing invisible, no markup, no address.

    Control, bidirectional and tag characters go, and what hides text in variation selectors;
    joiners stay between letters of scripts that need them.
    """
    seen = visible_line(text[: 8 * most])
    for pattern, instead in ((_MARKDOWN, r" \1 "), (_TAG, " "), (_ADDRESS, " ")):
        seen = pattern.sub(instead, seen)
    while _LEFT.search(seen):
        seen = _LEFT.sub(" ", seen)
    return " ".join(_ADDRESS.sub(" ", seen).split())[:most].rstrip()


def visible_line(text: str) -> str:
    """The text on one line without what nobody sees."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    seen = _SELECTORS.sub("", text)
    return " ".join("".join(_shown(seen, place) for place in range(len(seen))).split())


def is_plain_text(text: str) -> bool:
    """Whether `plain_text` would leave all of it as it is."""
    return plain_text(text, most=len(text) or 1) == text


def _shown(text: str, place: int) -> str:
    char = text[place]
    if char in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    if unicodedata.category(char) not in _DROPPED:
        return char
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    joins = char in _JOINERS and len(around) == 2 and not around.isascii() and around.isalpha()
    return char if joins else ""
