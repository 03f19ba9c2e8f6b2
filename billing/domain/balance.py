"""What is left of a month's credits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Balance:
    """One kind in one month: granted == used + reserved + remaining; None is unlimited.

    After a change to a smaller plan `granted` is what has been used and reserved already.
    """

    granted: int | None
    used: int
    reserved: int
    remaining: int | None
