"""Secrets: AES-GCM under a key ring for what must be read back, SHA-256 for what must only be
recognised.
"""

import base64
import hashlib
import hmac
import os
import secrets
import zlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class DecryptionError(RuntimeError):
    """Wrong key, wrong context or altered ciphertext; the three are not told apart."""


@dataclass(frozen=True)
class KeyRing:
    """Named 256-bit keys; the first encrypts, all decrypt."""

    keys: dict[str, bytes]

    @property
    def primary_id(self) -> str:
        return next(iter(self.keys))

    def encrypt(self, plaintext: str, *, context: str) -> str:
        """`<key id>:<base64 nonce+ciphertext>`, bound to `context` (tenant and row) as
        associated data.
        """
        nonce = os.urandom(12)
        sealed = AESGCM(self.keys[self.primary_id]).encrypt(
            nonce, plaintext.encode(), context.encode()
        )
        return f"{self.primary_id}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, token: str, *, context: str) -> str:
        """The plaintext; raises DecryptionError when the context is not the one it was sealed
        in.
        """
        key_id, _, body = token.partition(":")
        try:
            raw = base64.b64decode(body, validate=True)
            return AESGCM(self.keys[key_id]).decrypt(raw[:12], raw[12:], context.encode()).decode()
        except (KeyError, ValueError, InvalidTag) as error:
            raise DecryptionError("ciphertext does not open in this context") from error

    def is_current(self, token: str) -> bool:
        """Whether a ciphertext is under the primary key."""
        return token.partition(":")[0] == self.primary_id


def parse_key_ring(text: str) -> KeyRing:
    """Key ring of `id:base64[,id:base64…]`; raises ValueError naming the first bad part."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key_id, _, body = part.partition(":")
        key = base64.b64decode(body, validate=True)
        if not key_id or len(key) != 32:
            raise ValueError(f"key {key_id!r} must be id:base64 of 32 bytes")
        keys[key_id] = key
    if not keys:
        raise ValueError("the key ring is empty")
    return KeyRing(keys)


def random_base62(length: int) -> str:
    """Cryptographically random base62 text."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def checksum62(text: str) -> str:
    """Six base62 characters of the CRC-32 of `text`: catches mistyped keys without a query."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return digits


def sha256_hex(text: str) -> str:
    """Look-up digest of a secret with at least 112 bits of entropy."""
    return hashlib.sha256(text.encode()).hexdigest()


def hmac_hex(key: str, text: str) -> str:
    """Keyed digest of low-entropy values (codes, addresses)."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
