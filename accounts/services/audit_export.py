"""Evidence that others can verify alone: signed heads, exports, and the same check on the tables.

An export is canonical JSON lines: a header, the rows (each with its detail, or null where that was
erased), a head signed with ed25519. `tools/verify_audit.py` verifies it without this product.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts.domain import chain
from accounts.models import AuditEvent, AuditHead, SystemAuditEvent
from accounts.services.evidence import hashed_row, hashed_system_row
from core.canonical import canonical_json
from core.tenancy import tenant_tx

FORMAT = "adamant-audit/1"
SYSTEM = "system"
CHUNK = 1000
Write = Callable[[bytes], object]


@dataclass(frozen=True)
class Report:
    """Rows verified, details erased so far, and the first thing wrong ("" when all holds)."""

    rows: int
    erased: int
    problem: str


def public_key_hex() -> str:
    """The ed25519 key that verifies our signed heads."""
    return _key().public_key().public_bytes_raw().hex()


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(settings.AUDIT_SIGNING_KEY)


def chain_name(tenant_id: UUID | None) -> str:
    """How a chain is called in exports; None is the system's."""
    return str(tenant_id) if tenant_id else SYSTEM


@contextmanager
def _scope(tenant_id: UUID | None) -> Iterator[None]:
    if tenant_id is None:
        yield
    else:
        with tenant_tx(tenant_id, readonly=True):
            yield


def _end(tenant_id: UUID | None) -> tuple[int, str]:
    if tenant_id is None:
        last = SystemAuditEvent.objects.order_by("-chain_seq").first()
        return (last.chain_seq, last.hash) if last else (0, chain.GENESIS)
    head = AuditHead.objects.first()
    return (head.seq, head.hash) if head else (0, chain.GENESIS)


def _rows(tenant_id: UUID | None, up_to: int) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """(hashed fields, stored hash, detail or None) in the chain's order."""
    if tenant_id is None:
        for event in SystemAuditEvent.objects.filter(chain_seq__lte=up_to).order_by("chain_seq"):
            yield hashed_system_row(event), event.hash, None
        return
    events = AuditEvent.objects.filter(chain_seq__lte=up_to).select_related("detail")
    for event in events.order_by("chain_seq").iterator(CHUNK):
        detail = getattr(event, "detail", None)
        data = {"salt": detail.salt, "data": detail.data} if detail else None
        yield hashed_row(event), event.hash, data


def signed_head(tenant_id: UUID | None, *, now: datetime) -> dict[str, Any]:
    """The end of a chain, signed: kept elsewhere, it shows later that nothing was cut off."""
    with _scope(tenant_id):
        seq, last_hash = _end(tenant_id)
    return _sign(tenant_id, now, {"seq": seq, "hash": last_hash, "header": ""})


def _sign(tenant_id: UUID | None, now: datetime, end: Mapping[str, Any]) -> dict[str, Any]:
    head = {
        "type": "head",
        "chain": chain_name(tenant_id),
        "signed_at": now.isoformat(),
        **end,
    }
    return {**head, "signature": _key().sign(canonical_json(head)).hex()}


def export_chain(tenant_id: UUID | None, write: Write, *, now: datetime) -> int:
    """Write a chain's export line by line; returns the number of rows."""
    header = canonical_json(
        {
            "type": "header",
            "format": FORMAT,
            "chain": chain_name(tenant_id),
            "exported_at": now.isoformat(),
            "public_key": public_key_hex(),
        }
    )
    write(header + b"\n")
    with _scope(tenant_id):
        seq, last_hash = _end(tenant_id)
        for row, row_hash, detail in _rows(tenant_id, seq):
            line = {"type": "event", **row, "hash": row_hash, "detail": detail}
            write(canonical_json(line) + b"\n")
    end = {"seq": seq, "hash": last_hash, "header": hashlib.sha256(header).hexdigest()}
    write(canonical_json(_sign(tenant_id, now, end)) + b"\n")
    return seq


def verify_chain(tenant_id: UUID | None) -> Report:
    """Check a chain where it lies: order, hashes, details, and that it ends at its head."""
    seq, last_hash, erased = 0, chain.GENESIS, 0
    with _scope(tenant_id):
        end = _end(tenant_id)
        for row, row_hash, detail in _rows(tenant_id, 2**62):
            problem = _problem(row, row_hash, detail, seq=seq, previous_hash=last_hash)
            if problem:
                return Report(seq, erased, f"row {seq + 1}: {problem}")
            erased += bool(row.get("detail_digest")) and detail is None
            seq, last_hash = row["chain_seq"], row_hash
    if (seq, last_hash) != end:
        return Report(seq, erased, f"the head is at {end[0]}, the rows end at {seq}")
    return Report(seq, erased, "")


def _problem(
    row: Mapping[str, Any], row_hash: str, detail: Any, *, seq: int, previous_hash: str
) -> str:
    if not chain.is_next(row, seq=seq, previous_hash=previous_hash):
        return "does not follow the row above"
    if chain.row_hash(row) != row_hash:
        return "altered"
    if detail and chain.detail_digest(detail["salt"], detail["data"]) != row["detail_digest"]:
        return "its detail is altered"
    return ""
