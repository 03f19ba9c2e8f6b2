"""The platform words of the Agent API, and which of them can be connected today."""

# word → platform. facebook and instagram are one grant and one campaign at Meta.
PLATFORM_WORDS = {
    "facebook": "meta",
    "instagram": "meta",
    "meta": "meta",
    "tiktok": "tiktok",
    "reddit": "reddit",
    "apple": "apple",
}
AVAILABLE = frozenset({"meta"})
# platform → objectives no campaign can be launched with. Meta promotes an app by the id it has
# there, and connecting reads none.
OBJECTIVES_NOT_OFFERED = {"meta": frozenset({"APP_INSTALLS"})}


def available_words() -> list[str]:
    """The words that can be connected, in the documented order."""
    return [word for word, platform in PLATFORM_WORDS.items() if platform in AVAILABLE]
