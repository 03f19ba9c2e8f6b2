"""Minor units as the decimal texts Graph prints."""

from decimal import Decimal

DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "HUF": 0, "TWD": 0}


def text(minor: int, currency: str) -> str:
    """`1234` cents as "12.34"."""
    places = DECIMALS.get(currency, 2)
    return str(Decimal(minor).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def ratio(top: int | Decimal, bottom: int | Decimal) -> str:
    """A quotient with six places; "0" where there is nothing to divide by."""
    return str((Decimal(top) / Decimal(bottom)).quantize(Decimal("0.000001"))) if bottom else "0"
