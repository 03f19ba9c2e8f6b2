"""Money as integer micros and an ISO 4217 code; each surface converts at its edge, inexact
amounts are refused.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.core import get_global
from babel.numbers import format_currency, get_currency_precision

from core.errors import InvalidError

MICROS = 1_000_000
MAX_MICROS = 2**53 - 1
# Legal tender somewhere today; ISO 4217 also names old money, metals and "no currency".
CURRENCIES: frozenset[str] = frozenset(
    code
    for places in get_global("territory_currencies").values()
    for code, _since, until, tender in places
    if tender and until is None
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `micros` (10⁻⁶ of the main unit) of `currency`."""

    micros: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        """Main units with the currency's decimals (50.00 USD, 5000 JPY)."""
        return to_decimal(self.micros, self.currency)

    @property
    def minor(self) -> int:
        """The currency's smallest unit (5000 for 50.00 USD, 5000 for 5000 JPY)."""
        return self.micros // minor_micros(self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.decimal}"


def minor_micros(currency: str) -> int:
    """Micros in the currency's smallest unit."""
    return int(MICROS // (10 ** get_currency_precision(currency)))


def parse_currency(text: str, *, field: str = "currency") -> str:
    """Upper-case ISO 4217 code; raises InvalidError."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise InvalidError(f"{text!r} is not an ISO 4217 currency code.", field=field)
    return code


def from_decimal(value: Decimal | int | str, currency: str, *, field: str = "amount") -> Money:
    """Money of main units; raises InvalidError for more decimals than the currency has, or no
    number.
    """
    try:
        amount = Decimal(value)
    except (InvalidOperation, ValueError) as error:
        raise InvalidError(f"{value!r} is not an amount.", field=field) from error
    if not amount.is_finite():
        raise InvalidError(f"{value!r} is not an amount.", field=field)
    if amount.copy_abs() > Decimal(MAX_MICROS) / MICROS:
        raise InvalidError("The amount is too large.", field=field)
    if _has_more_decimals(amount, get_currency_precision(currency)):
        raise InvalidError(
            f"{currency} has {get_currency_precision(currency)} decimals; {value} has more.",
            field=field,
        )
    return Money(int(amount * MICROS), currency)


def _has_more_decimals(amount: Decimal, precision: int) -> bool:
    """Looks at the digits: arithmetic would round what is longer than its context."""
    _sign, digits, exponent = amount.as_tuple()
    beyond = -int(exponent) - precision
    return beyond > 0 and any(digits[-beyond:])


def from_minor(value: int, currency: str, *, field: str = "amount") -> Money:
    """Money of the currency's smallest unit (cents, yen, fils)."""
    micros = value * minor_micros(currency)
    if abs(micros) > MAX_MICROS:
        raise InvalidError("The amount is too large.", field=field)
    return Money(micros, currency)


def to_decimal(micros: int, currency: str) -> Decimal:
    """Main units of micros, rounded to the currency's decimals (half even)."""
    quantum = Decimal(1).scaleb(-get_currency_precision(currency))
    return (Decimal(micros) / MICROS).quantize(quantum)


def to_number(micros: int, currency: str) -> int | float:
    """A JSON number in main units with the currency's decimals; shortest repr is exact for
    these sizes.
    """
    amount = to_decimal(micros, currency)
    return float(amount) if get_currency_precision(currency) else int(amount)


@lru_cache(maxsize=8192)
def display(micros: int, currency: str, *, locale: str = "en") -> str:
    """Localised text for people: `$50.00`."""
    return str(format_currency(to_decimal(micros, currency), currency, locale=locale))
