"""Hostile addresses for W7: spellings of non-public hosts, and names that resolve to them.

`RESOLVER` is the stubbed name service: name → one list of answers a look-up (the last repeats).
"""

import ipaddress

INNER = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "10.255.255.254",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.0.1",
    "192.168.1.254",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "0.0.0.0",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
]
V6 = [
    "::1",
    "::",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456:789a::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "64:ff9b:1::a00:1",
]


def _octets(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def spellings(text: str) -> list[str]:
    """The many ways to write one IPv4 address as a host."""
    a, b, c, d = _octets(text)
    number = int(ipaddress.IPv4Address(text))
    circled = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
    wide = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))
    return [
        text,
        text + ".",
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        f"0x{a:02x}.0x{b:02x}.0x{c:02x}.0x{d:02x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}.{b}.{c << 8 | d}",
        f"{a}.{b << 16 | c << 8 | d}",
        f"0{a:o}.{b}.0x{c:x}.{d}",
        text.translate(circled),
        text.translate(wide),
        text.replace(".", "。"),
    ]


def in_v6(text: str) -> list[str]:
    """Every IPv6 form that carries the IPv4 address."""
    a, b, c, d = _octets(text)
    high, low = f"{a << 8 | b:x}", f"{c << 8 | d:x}"
    flipped = f"{(a << 8 | b) ^ 0xFFFF:x}:{(c << 8 | d) ^ 0xFFFF:x}"
    return [
        f"::ffff:{text}",
        f"::ffff:{high}:{low}",
        f"::{text}",
        f"64:ff9b::{text}",
        f"64:ff9b:1::{high}:{low}",
        f"2002:{high}:{low}::1",
        f"2001:0:4136:e378:8000:63bf:{flipped}",
        f"2a00:1450::5efe:{high}:{low}",
        f"::ffff:0:{text}",
    ]


PUBLIC = "93.184.216.34"
RESOLVER: dict[str, list[list[str]]] = {}


def _name(kind: str, number: int, answers: list[list[str]]) -> str:
    name = f"{kind}{number}.example.net"
    RESOLVER[name] = answers
    return name


def corpus() -> list[str]:
    """At least 545 URLs, none of which may cause a connection to a non-public address."""
    hosts: list[str] = []
    for text in INNER:
        hosts += spellings(text)
        hosts += [f"[{form}]" for form in in_v6(text)]
    hosts += [f"[{text}]" for text in V6] + ["[fe80::1%25eth0]", "[fe80::1%eth0]"]
    hosts += ["localhost", "LOCALHOST", "localhost.", "app.localhost", "db.internal", "nas.local"]
    inner = [*INNER, *V6]
    for number, text in enumerate(inner):
        hosts.append(_name("direct", number, [[text]]))
        hosts.append(_name("rebind", number, [[PUBLIC], [text]]))
        hosts.append(_name("multi", number, [[PUBLIC, text]]))
        hosts.append(_name("last", number, [[PUBLIC, PUBLIC, text]]))
    urls = [f"http://{host}/" for host in hosts]
    urls += [f"https://{host}:8443/x" for host in hosts[::4]]
    urls += [f"http://good.example@{text}/" for text in INNER]
    urls += [f"http://{text}\\@good.example/" for text in INNER[:6]]
    urls += [f"http://{text}%00.good.example/" for text in INNER[:6]]
    urls += [f"http://{text}%2f@good.example/" for text in INNER[:6]]
    urls += [f"{scheme}://{PUBLIC}/" for scheme in ("file", "gopher", "ftp", "dict", "ldap", "ws")]
    urls += [
        "",
        "//127.0.0.1/",
        "http:///",
        "http://",
        "http://127.0.0.1:0/",
        "javascript:alert(1)",
    ]
    return list(dict.fromkeys(urls))
