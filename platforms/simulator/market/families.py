"""Families of markets as parameters, and what one ad is truly worth in them.

Money is in US cents here; callers scale it to the account's currency.
"""

import hashlib
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What distinguishes one market from another. Spreads are sigmas of lognormal draws."""

    name: str
    cpm: float  # cents for 1000 impressions
    cpm_spread: float
    ctr: float
    ctr_spread: float
    cvr: float  # conversions per link click
    cvr_spread: float
    order: float  # cents
    order_spread: float
    daily_spread: float  # how unevenly a budget is spent over the days of a week
    saturation: float  # how much dearer the next thousand gets as an audience is used up
    fatigue: float  # how fast the click rate falls with frequency
    facebook_share: float


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="steady", cpm=900, cpm_spread=0.10, ctr=0.014, ctr_spread=0.30, cvr=0.035,
            cvr_spread=0.35, order=6000, order_spread=0.4, daily_spread=0.20, saturation=0.3,
            fatigue=0.05, facebook_share=0.6,
        ),
        Family(
            name="volatile", cpm=1200, cpm_spread=0.35, ctr=0.011, ctr_spread=0.60, cvr=0.025,
            cvr_spread=0.80, order=9000, order_spread=0.9, daily_spread=0.40, saturation=0.6,
            fatigue=0.05, facebook_share=0.45,
        ),
        Family(
            name="tiring", cpm=800, cpm_spread=0.15, ctr=0.018, ctr_spread=0.40, cvr=0.03,
            cvr_spread=0.40, order=4500, order_spread=0.5, daily_spread=0.25, saturation=1.0,
            fatigue=0.35, facebook_share=0.3,
        ),
    )
}  # fmt: skip
DEFAULT = FAMILIES["steady"]
# Minor units of a currency for one US cent.
PER_CENT = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79, "CAD": 1.37, "AUD": 1.5, "JPY": 1.5, "INR": 84.0}


@dataclass(frozen=True, slots=True)
class Traits:
    """The true rates of one ad."""

    ctr: float
    cvr: float
    order: float


def traits(family: Family, *, seed: int, content: str, currency: str) -> Traits:
    """The same content under the same seed is always worth the same."""
    draw = random.Random(hashlib.sha256(f"traits:{seed}:{content}".encode()).digest())
    return Traits(
        ctr=min(0.2, family.ctr * draw.lognormvariate(0, family.ctr_spread)),
        cvr=min(0.5, family.cvr * draw.lognormvariate(0, family.cvr_spread)),
        order=family.order * draw.lognormvariate(0, 0.1) * PER_CENT.get(currency, 1.0),
    )
