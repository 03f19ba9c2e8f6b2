"""When a test of this folder ends, every Verdict it wrote is replayed, and no row it left joins
test and live.
"""

from collections.abc import Iterator

import pytest

from tests.environments import mixed
from tests.replay import REPLAYED, replay_tenant


@pytest.fixture(autouse=True)
def _replay(request: pytest.FixtureRequest) -> Iterator[None]:
    names = [name for name in ("acme", "acme_committed") if name in request.fixturenames]
    for name in names:
        request.getfixturevalue(name)  # set up before, so torn down after the replay
    yield
    if names:
        from accounts.models import Tenant

        tenants = list(Tenant.objects.values_list("pk", flat=True))
        replay_tenant(tenants)
        assert mixed(tenants)[1] == []


def pytest_sessionfinish() -> None:
    if REPLAYED:
        print(f"\nBAR replay {sum(REPLAYED.values())} verdicts {dict(REPLAYED)}, 0 differ")
