"""Characters that a person does not see, or that make text look like another one."""

import re

# C0 and C1 controls save tab and line ends, line separators, bidirectional embeddings, overrides
# and isolates, zero-width spaces and joins without meaning, tags.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
)


def is_plain(text: str, *, lines: bool = True) -> bool:
    """Whether all of it shows as what it is; without `lines` it must stand on one line."""
    return not UNSEEN.search(text) and (lines or not re.search(r"[\r\n]", text))


def visible(text: str) -> str:
    """A name that somebody else's system gave us, as one line without what nobody sees."""
    return " ".join(UNSEEN.sub("", text).split())
