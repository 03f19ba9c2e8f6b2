"""What goes wrong on purpose: a profile of seeded draws, set through the control API."""

import random
import threading
from dataclasses import dataclass, field

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

KINDS = (
    "error_before",
    "error_after",
    "cut_after",
    "bad_request_after",
    "error_in_200",
    "truncated",
    "expired_token",
    "rate_limited_app",
    "rate_limited_account",
    "slow",
)


class Rule(BaseModel):
    """One kind of fault with its share of the calls it applies to. Empty `methods` and `edges`
    mean all; an edge is the last word of the path (`campaigns`, `insights`) or `node`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str = Field(pattern=f"^({'|'.join(KINDS)})$")
    share: float = Field(ge=0, le=1, default=1.0)
    methods: list[str] = []
    edges: list[str] = []
    seconds: float = Field(ge=0, default=1.0)
    times: int = Field(ge=0, default=0, description="stop after so many; 0 means never")

    def fits(self, method: str, edge: str) -> bool:
        return (not self.methods or method in self.methods) and (
            not self.edges or edge in self.edges
        )


class Profile(BaseModel):
    """The body of `POST /_sim/faults`; it replaces the profile before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    seed: int = 1
    rules: list[Rule] = []
    read_lag_s: float = Field(ge=0, default_factory=lambda: float(settings.SIM_READ_LAG_S))
    score_limit: int = Field(ge=1, default=1_000_000)
    score_decay_s: float = Field(gt=0, default=300.0)


@dataclass
class _State:
    profile: Profile
    draws: random.Random
    left: list[int]
    counts: dict[str, int] = field(default_factory=dict)


_lock = threading.Lock()
_state: list[_State] = []


def _current() -> _State:
    if not _state:
        _state.append(_fresh(Profile()))
    return _state[0]


def _fresh(profile: Profile) -> _State:
    return _State(profile, random.Random(profile.seed), [rule.times for rule in profile.rules])


def use(profile: Profile) -> None:
    """Replace the profile; draws and counts start again."""
    with _lock:
        _state[:] = [_fresh(profile)]


def profile() -> Profile:
    """The profile in force."""
    return _current().profile


def counts() -> dict[str, int]:
    """How often each kind happened under this profile."""
    with _lock:
        return dict(_current().counts)


def draw(method: str, edge: str) -> Rule | None:
    """The fault of one call, if any; rules are tried in order, each with its own draw."""
    with _lock:
        state = _current()
        for index, rule in enumerate(state.profile.rules):
            if not rule.fits(method, edge) or state.draws.random() >= rule.share:
                continue
            if rule.times:
                if state.left[index] == 0:
                    continue
                state.left[index] -= 1
            state.counts[rule.kind] = state.counts.get(rule.kind, 0) + 1
            return rule
    return None
