"""Smallest budget a campaign may have, one row per currency, about 10 USD in main units."""

from core.money import MICROS

MINIMUM_BUDGET: dict[str, int] = {
    "AED": 40, "ARS": 10_000, "AUD": 15, "BDT": 1_200, "BGN": 20, "BRL": 50, "CAD": 15, "CHF": 10,
    "CLP": 10_000, "CNY": 75, "COP": 40_000, "CRC": 5_000, "CZK": 250, "DKK": 70, "DZD": 1_350,
    "EGP": 500, "EUR": 10, "GBP": 10, "GTQ": 80, "HKD": 80, "HNL": 250, "HUF": 3_500,
    "IDR": 160_000, "ILS": 40, "INR": 850, "ISK": 1_400, "JPY": 1_500, "KES": 1_300,
    "KRW": 14_000, "KWD": 3, "MOP": 80, "MXN": 200, "MYR": 45, "NGN": 15_000, "NIO": 370,
    "NOK": 110, "NZD": 17, "PEN": 38, "PHP": 580, "PKR": 2_800, "PLN": 40, "QAR": 37, "RON": 50,
    "SAR": 38, "SEK": 110, "SGD": 14, "THB": 350, "TRY": 400, "TWD": 320, "UAH": 420, "USD": 10,
    "UYU": 400, "VND": 250_000, "ZAR": 190,
}  # fmt: skip


def minimum_micros(currency: str) -> int | None:
    """Micros of the smallest budget; None for a currency no ad platform of ours bills in."""
    amount = MINIMUM_BUDGET.get(currency)
    return None if amount is None else amount * MICROS
