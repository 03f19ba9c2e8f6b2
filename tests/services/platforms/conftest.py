from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.services.keys import create_key
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.platforms.consent import CODE, Person
from tests.unit.platforms.graph import install


@pytest.fixture
def person(monkeypatch):
    """A person at the platform; every Graph call of the connector reaches them."""
    someone = Person()
    someone.graph = install(monkeypatch, someone)
    return someone


@pytest.fixture
def agent(acme):
    """Headers of an agent that may connect."""
    owner = acme.key.user_id
    with tenant_tx(acme.tenant.id):
        _, token = create_key(
            tenant_id=acme.tenant.id,
            user_id=owner,
            name="connector",
            environment="test",
            scopes=["connect", "campaigns:read"],
            root="user_x",
            now=NOW,
        )
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def browse(client):
    """Open a link in a browser and come back from the consent page with `code`."""

    def go(url: str, *, code: str = CODE, **extra: str):
        path = urlsplit(url)
        opened = client.get(f"{path.path}?{path.query}")
        if opened.status_code != 302:
            return opened
        state = parse_qs(urlsplit(opened.headers["Location"]).query)["state"][0]
        query = {"state": state, **({"code": code} if code else {"error": "access_denied"})}
        return client.get("/platforms/meta/callback", {**query, **extra})

    return go
