"""Redirect addresses of OAuth apps: which may be registered, and when two are the same."""

import re

# Host and path in characters that no two parsers read differently; no user name, no fragment.
_HTTPS = re.compile(r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?(?:/[!-~]*)?")
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?(/[!-~]*)?")
_DOCUMENT = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?/[!-~]+")
_NEVER = ("#", "\\", "@", "*")
MAX_LENGTH = 500
MAX_DOCUMENT = 255  # the width of the column client_id


def is_registrable(uri: str) -> bool:
    """Whether it is https, or http on the loopback, where a desktop app listens for its answer."""
    if len(uri) > MAX_LENGTH or any(part in uri for part in _NEVER):
        return False
    return bool(_HTTPS.fullmatch(uri) or _LOOPBACK.fullmatch(uri))


def is_same(registered: str, asked: str) -> bool:
    """Character by character; a loopback address may name any port (RFC 8252, section 7.3)."""
    if not is_registrable(asked):
        return False
    if registered == asked:
        return True
    left, right = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(asked)
    return bool(left and right and left.groups() == right.groups())


def is_document_address(client_id: str) -> bool:
    """Whether a client_id is the https address of the client's metadata document."""
    path = client_id.partition("?")[0].split("/")[3:]
    return (
        len(client_id) <= MAX_DOCUMENT
        and bool(_DOCUMENT.fullmatch(client_id))
        and not any(part in client_id for part in _NEVER)
        and not {".", ".."} & set(path)
    )


def origin_of(uri: str) -> str:
    """Scheme, host and port of a registrable address."""
    return "/".join(uri.split("/", 3)[:3]).partition("?")[0]
