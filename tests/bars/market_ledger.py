"""A small ad platform in memory: budgets, statuses, and what it may charge at any moment."""

from dataclasses import dataclass, field

from campaigns.domain.exposure import exposure_of


@dataclass
class Remote:
    """One campaign at the platform. `allowed` is the exposure our own writes have left standing,
    so that what a person adds by hand at the platform is told apart.
    """

    budget: int
    status: str
    allowed: int = 0

    @property
    def exposure(self) -> int:
        return exposure_of(
            budget_type="daily",
            budget_micros=self.budget,
            spent_micros=0,
            platform="meta",
            runs=self.status == "ACTIVE",
        )


@dataclass
class Ledger:
    """All campaigns; `worst` is the highest charge of ours at one moment so far."""

    campaigns: dict[object, Remote] = field(default_factory=dict)
    worst: int = 0
    outside: int = 0

    def write(self, key: object, values: dict[str, object]) -> None:
        """A change of ours arrives."""
        row = self.campaigns[key]
        row.budget = int(values.get("budget_micros", row.budget))  # type: ignore[call-overload]
        row.status = str(values.get("status", row.status))
        row.allowed = row.exposure

    def by_hand(self, key: object, *, budget: int | None = None, status: str = "") -> None:
        """Somebody edits at the platform."""
        row = self.campaigns[key]
        before = row.exposure
        row.budget, row.status = budget or row.budget, status or row.status
        self.outside += row.exposure > before

    def seen(self, key: object) -> Remote:
        """A read-back: what is no longer there is no longer ours to charge."""
        row = self.campaigns[key]
        row.allowed = min(row.allowed, row.exposure)
        return row

    def charge(self) -> int:
        """What our changes can cost at this moment, at the full over-delivery."""
        now = sum(min(row.exposure, row.allowed) for row in self.campaigns.values())
        self.worst = max(self.worst, now)
        return now
