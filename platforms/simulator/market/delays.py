"""When conversions are seen: 35 % within an hour of the click, 50 % within a day, the rest within
30 days, evenly over the logarithm of time.
"""

from dataclasses import dataclass

import numpy as np

from platforms.simulator.market.engine import Floats, Ints
from platforms.simulator.market.families import Family

WITHIN_HOUR, WITHIN_DAY = 0.35, 0.50
LONGEST_DAYS = 30
WINDOWS = (1, 7, 28, 30)


@dataclass(frozen=True, slots=True)
class Late:
    """One entry per conversion: its ad and platform (indices), hours from the click's hour to the
    first report that has it, the shortest click window that holds it, its worth in minor units.
    """

    ad: Ints
    platform: Ints
    hours: Ints
    window: Ints
    value: Ints


def spread(family: Family, conversions: Ints, order: Floats, *, rng: np.random.Generator) -> Late:
    """Draw delay and worth of every conversion of an hour."""
    ad, platform = np.nonzero(conversions)
    counts = conversions[ad, platform]
    ad, platform = np.repeat(ad, counts), np.repeat(platform, counts)
    size = len(ad)
    kind, place = rng.random(size), rng.random(size)
    tail = 24.0 * np.power(float(LONGEST_DAYS), place)
    delay = np.where(kind < WITHIN_HOUR, place, np.where(kind < WITHIN_DAY, 1 + 23 * place, tail))
    worth = order[ad] * rng.lognormal(0, family.order_spread, size)
    windows = np.array(WINDOWS)
    index = np.searchsorted(windows[:-1] * 24.0, delay, side="left")
    return Late(
        ad=ad,
        platform=platform,
        hours=1 + np.floor(delay).astype(np.int64),
        window=windows[index],
        value=np.maximum(1, np.round(worth)).astype(np.int64),
    )
