"""A change is told in words, days and money, never in stored values."""

import pytest

from accounts.rendering import rule_text
from campaigns.views.diff import diff_rows
from core.errors import InvalidError
from core.money import parse_currency


def test_stored_values_become_words() -> None:
    before = {"status": "DRAFT", "product_description": "", "budget_micros": 20_000_000}
    after = {
        "status": "ACTIVE",
        "product_description": None,
        "budget_micros": 80_000_000,
        "end_date": "2026-12-06",
        "creative": {"call_to_action": "learn_more"},
    }
    rows = diff_rows(before, after, currency="USD")
    assert [(row.label, row.was, row.proposed, row.delta) for row in rows] == [
        ("Status", "Draft", "Active", ""),
        ("Budget", "$20.00", "$80.00", "+$60.00 (+300 %)"),
        ("Ends", "", "6 Dec 2026", ""),
        ("Button", "", "Learn more", ""),
    ]


def test_rules_speak_no_python() -> None:
    text = "Tuple should have at least 1 item after validation, not 0"
    assert rule_text("too_short", text) == "Give at least one."
    assert rule_text("value_error", "Value error, a number is needed") == "a number is needed"


@pytest.mark.parametrize("code", ["XXX", "XAU", "DEM"])
def test_what_nobody_pays_with_is_no_currency(code: str) -> None:
    assert parse_currency("usd") == "USD"
    with pytest.raises(InvalidError):
        parse_currency(code)
