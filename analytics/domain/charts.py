"""A line through time as coordinates: what draws it adds only colours and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 78, 12, 12, 26
LINES = 4  # of the grid, above zero
X_LABELS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on an axis, and which value or label stands there."""

    at: float
    value: float = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """`paths` are lines of SVG, one for each stretch without a gap; `dots` stretches of one point.
    `open_at` is where values begin that can still change, None where there are none.
    """

    paths: list[str]
    dots: list[tuple[float, float]]
    y_marks: list[Mark]
    x_marks: list[Mark]
    open_at: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM

    @property
    def open_width(self) -> float:
        return 0.0 if self.open_at is None else round(self.right - self.open_at, 1)

    @property
    def plot_height(self) -> int:
        return self.floor - self.top


def line_chart(
    values: Sequence[float | None], labels: Sequence[str], *, open_from: int | None = None
) -> Chart:
    """The chart of `values`, each with its label, from zero up. `open_from` is the index of the
    first value that can still change. A missing value interrupts the line.
    """
    top = _nice(max((value for value in values if value is not None), default=0))
    span = max(1, len(values) - 1)
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(index: int, value: float) -> tuple[float, float]:
        return round(LEFT + wide * index / span, 1), round(TOP + tall * (1 - value / top), 1)

    stretches: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            stretches[-1].append(place(index, value))
        elif stretches[-1]:
            stretches.append([])
    steps = [top * step / LINES for step in range(LINES + 1)]
    return Chart(
        paths=[_path(points) for points in stretches if len(points) > 1],
        dots=[points[0] for points in stretches if len(points) == 1],
        y_marks=[Mark(place(0, value)[1], value=value) for value in steps],
        x_marks=[Mark(place(index, 0)[0], label=labels[index]) for index in _chosen(len(labels))],
        open_at=None if open_from is None else place(open_from, 0)[0],
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in points)


def _chosen(count: int) -> list[int]:
    """Which labels there is room for: the first, the last, and some between."""
    most = min(count, X_LABELS)
    if most < 2:
        return list(range(most))
    return sorted({round(number * (count - 1) / (most - 1)) for number in range(most)})


def _nice(highest: float) -> float:
    """The end of an axis: 1, 2, 4 or 8 times a power of ten, at or above the highest value."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** floor(log10(highest))
    for factor in (1, 2, 4, 8):
        if highest <= factor * power:
            return factor * power
    return 10 * power
