"""Signatures of a delivery: the guide's and Standard Webhooks', both from one secret.

The guide's recipe takes the secret's text as the key, Standard Webhooks the bytes its base64 part
stands for, so one `whsec_…` value serves both.
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def guide_signature(secret: str, body: bytes) -> str:
    """`sha256=<hex>`: HMAC-SHA256 of the raw body under the secret's text."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard_signature(secret: str, message_id: str, *, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over `id.timestamp.body` (Standard Webhooks 1.0.0)."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(
    secret: str, message_id: str, *, timestamp: int, body: bytes, also: str = ""
) -> dict[str, str]:
    """All headers that let a receiver trust the body.

    `also` is the other secret of a rotation: Standard Webhooks' header then holds two signatures.
    The guide's holds one, since its receivers compare the whole header.
    """
    signatures = [
        standard_signature(one, message_id, timestamp=timestamp, body=body)
        for one in (secret, also)
        if one
    ]
    return {
        "x-webhook-signature": guide_signature(secret, body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
