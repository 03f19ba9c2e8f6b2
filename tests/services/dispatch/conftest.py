import pytest

from campaigns.dispatch import writers
from tests.services.dispatch.fake import FakePlatform
from tests.services.dispatch.world import World, make_world


@pytest.fixture
def platform(monkeypatch) -> FakePlatform:
    fake = FakePlatform()
    monkeypatch.setattr(writers, "connect", lambda account: (fake, fake))
    return fake


@pytest.fixture
def world(acme_committed, settings) -> World:
    settings.DISPATCH_LEASE_S = 60
    settings.RECONCILE_LAG_S = 30
    return make_world(acme_committed)
