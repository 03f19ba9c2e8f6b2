"""Intervals of shares and counts, in closed form: how far a number of few events can be trusted."""

from functools import cache
from math import sqrt
from statistics import NormalDist


@cache
def z_of(percent: int) -> float:
    """Half the width, in standard deviations, of a two-sided interval of `percent`."""
    return NormalDist().inv_cdf(0.5 + percent / 200)


def share_interval(hits: int, tries: int, percent: int) -> tuple[float, float]:
    """Wilson's interval of a share of `tries` independent events; needs `0 <= hits <= tries` and at
    least one try.
    """
    z = z_of(percent)
    share, weight = hits / tries, z * z / tries
    middle = share + weight / 2
    spread = z * sqrt(share * (1 - share) / tries + weight / (4 * tries))
    return max(0.0, (middle - spread) / (1 + weight)), min(1.0, (middle + spread) / (1 + weight))


def count_interval(events: float, percent: int) -> tuple[float, float]:
    """Interval of the mean of a Poisson count (the gamma bounds, by Wilson and Hilferty)."""
    return _gamma_bound(events, -z_of(percent)), _gamma_bound(events + 1, z_of(percent))


def _gamma_bound(shape: float, z: float) -> float:
    if shape <= 0:
        return 0.0
    root = 1 - 1 / (9 * shape) + z / (3 * sqrt(shape))
    return shape * max(0.0, root) ** 3
