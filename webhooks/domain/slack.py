"""Slack's incoming webhooks: which addresses they have, and what a message looks like."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

HOST = "hooks.slack.com"
MOST_FIELDS = 10  # Slack's own limit of a section
LONGEST_FIELD = 300


def is_slack_address(url: str) -> bool:
    """Whether an address is one that Slack gave out."""
    try:
        parts = urlsplit(url)
        is_plain = parts.port in (None, 443) and not parts.username and not parts.password
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and is_plain
        and parts.hostname == HOST
        and parts.path.startswith(("/services/", "/workflows/", "/triggers/"))
    )


def masked(url: str) -> str:
    """The address without its last part, which is a password: whoever has it may post."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}/…"


def escaped(text: str) -> str:
    """Text in which Slack sees no link, mention or broadcast."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(title: str, facts: Mapping[str, Any], note: str) -> dict[str, Any]:
    """An incoming webhook's body: a title, its facts and a note. Nested facts stay out."""
    shown = [
        f"*{escaped(name.replace('_', ' '))}*\n{escaped(str(value))[:LONGEST_FIELD]}"
        for name, value in facts.items()
        if isinstance(value, str | int) and value != ""
    ]
    blocks: list[dict[str, Any]] = [{"type": "section", "text": _text(f"*{escaped(title)}*")}]
    if shown:
        blocks.append({"type": "section", "fields": [_text(one) for one in shown[:MOST_FIELDS]]})
    blocks.append({"type": "context", "elements": [_text(escaped(note))]})
    return {"text": escaped(title), "blocks": blocks}


def _text(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
