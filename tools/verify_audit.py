#!/usr/bin/env python3
"""Verifies an exported audit chain alone: Python's standard library, no network, no product.

    python verify_audit.py EXPORT.jsonl [--key HEX] [--head HEAD.json]

EXPORT is what `manage.py export_audit TENANT` wrote: a header, one row a line, a signed head.
`--key` is the operator's ed25519 public key, known from elsewhere; without it the file's own key
is used, which shows alterations but not who exported. `--head` is an earlier signed head
(`export_audit TENANT --head`): nothing it covers was cut off. Exit status 1: a problem.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

Point = tuple[int, int, int, int]
Place = tuple[int, str]
Row = dict[str, Any]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point(data: bytes) -> Point:
    """The curve point of 32 bytes; raises ValueError."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, base: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        total = add(total, base) if number & 1 else total
        base, number = add(base, base), number >> 1
    return total


def signature_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 (RFC 8032) verification."""
    s = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little")))
    right = add(point(signature[:32]), times(challenge, point(key)))
    same = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return same and s < ORDER and len(signature) == 64


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes; the chain holds no floats."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return b"{" + b",".join(canonical(n) + b":" + canonical(value[n]) for n in names) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    if isinstance(value, float):
        raise TypeError("a float")
    return json.dumps(value, ensure_ascii=False).encode()


def strict(line: bytes) -> Row:
    """The object of one line, which must be written in canonical form."""
    found: Row = json.loads(line)
    if canonical(found) != line:
        raise ValueError("not in canonical form")
    return found


def check_head(head: Row, key: bytes) -> None:
    signed = canonical({name: head[name] for name in head if name != "signature"})
    if not signature_holds(key, signed, bytes.fromhex(head["signature"])):
        raise ValueError("the head's signature does not hold")


def check_row(row: Row, header: Row, before: Place) -> tuple[Place, bool]:
    """`before` is (seq, hash) of the row above; returns those of this row and whether erased."""
    detail = row.pop("detail")
    stored = row.pop("hash")
    if row.pop("type") != "event" or row.get("tenant_id", "system") != header["chain"]:
        raise ValueError(f"row {before[0] + 1} is not of this chain")
    if (row["chain_seq"], row["prev_hash"]) != (before[0] + 1, before[1]):
        raise ValueError(f"row {before[0] + 1} does not follow the row above")
    if hashlib.sha256(canonical(row)).hexdigest() != stored:
        raise ValueError(f"row {before[0] + 1} is altered")
    expected = row.get("detail_digest", "")
    if detail is not None:
        digest = hashlib.sha256(detail["salt"].encode() + canonical(detail["data"])).hexdigest()
        if set(detail) != {"salt", "data"} or digest != expected:
            raise ValueError(f"the detail of row {before[0] + 1} is altered")
    return (row["chain_seq"], stored), bool(expected) and detail is None


def verify(lines: list[bytes], key: bytes, earlier: Row | None = None) -> tuple[int, int]:
    """(rows, erased details) of an export given as lines of bytes; raises ValueError."""
    header, head = strict(lines[0]), strict(lines[-1])
    if (header.get("type"), head.get("type")) != ("header", "head"):
        raise ValueError("no header or no signed head")
    check_head(head, key)
    here, erased, wanted = (0, "0" * 64), 0, earlier or {**header, "seq": 0, "hash": "0" * 64}
    passed = here == (wanted["seq"], wanted["hash"])
    for line in lines[1:-1]:
        here, gone = check_row(strict(line), header, here)
        erased += gone
        passed = passed or here == (wanted["seq"], wanted["hash"])
    digest = hashlib.sha256(lines[0]).hexdigest()
    if (head["chain"], head["header"]) != (header["chain"], digest):
        raise ValueError("the signed head belongs to another export")
    if (head["seq"], head["hash"]) != here:
        raise ValueError(f"the signed head is at {head['seq']}, the rows end at {here[0]}")
    if not passed or wanted["chain"] != header["chain"]:
        raise ValueError("the chain does not contain the earlier signed head")
    return here[0], erased


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export")
    parser.add_argument("--key", type=bytes.fromhex)
    parser.add_argument("--head")
    options = parser.parse_args()
    try:
        lines = Path(options.export).read_bytes().removesuffix(b"\n").split(b"\n")
        key = options.key or bytes.fromhex(strict(lines[0])["public_key"])
        earlier = strict(Path(options.head).read_bytes().strip()) if options.head else None
        if earlier:
            check_head(earlier, key)
        rows, erased = verify(lines, key, earlier)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        sys.exit(f"NOT VALID: {error}")
    print(f"OK: {rows} rows, {erased} details erased")


if __name__ == "__main__":
    main()
