"""W7: hostile addresses open no socket to anything that is not public."""

import ipaddress
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest
from django.conf import settings as django_settings
from oauth2_provider.cimd import CIMDError

from accounts.services.oauth_server import MetadataFetcher
from core.http import OutsideFetchError, check_outside_url
from core.ids import new_uuid
from creatives.services.assets import keep_image
from tests.bars.ssrf_corpus import PUBLIC, RESOLVER, corpus
from tests.cast import NOW, Cast
from webhooks.domain.signing import new_secret
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoints, sending

pytestmark = pytest.mark.bar


def deliver(cast: Cast, url: str) -> None:
    endpoint = Endpoint(id=new_uuid(), tenant_id=cast.tenant.id, url=url)
    endpoint.sealed_secret = django_settings.KEY_RING.encrypt(
        new_secret(), context=endpoints.secret_context(endpoint)
    )
    delivery = Delivery(body=b"{}", event_id=new_uuid(), endpoint=endpoint)
    answers = sending.send(sending.Turn(endpoint, [delivery], NOW), lambda: NOW)
    if answers[0].status == 0:
        raise OutsideFetchError


def fetch_image(cast: Cast, url: str) -> None:
    keep_image(tenant_id=cast.tenant.id, business_id=cast.test_business.id, url=url, now=NOW)


@dataclass(frozen=True)
class Door:
    """A way on which a tenant's address is fetched: the product's function, and how to enter."""

    caller: str
    enter: Callable[[Cast, str], None]


def fetch_metadata(_cast: Cast, url: str) -> None:
    try:
        MetadataFetcher().fetch(url)
    except CIMDError as error:
        raise error.__cause__ or error from None


DOORS = {
    "metadata of an OAuth client": Door("accounts/services/oauth_server.py:fetch", fetch_metadata),
    "webhook delivery": Door("webhooks/services/sending.py:send", deliver),
    "image of an ad": Door("creatives/services/assets.py:_fetch", fetch_image),
}


class Network:
    """A stubbed name service, and a recorder in the place of `connect`."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.connected: list[str] = []
        self.real = socket.getaddrinfo

    def getaddrinfo(self, host, port, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else str(host)
        name = name.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            return self.real("127.0.0.1", port, *args, **kwargs)
        if name in RESOLVER or name.startswith("public"):
            answers = RESOLVER.get(name, [[PUBLIC]])
            chosen = answers[min(self.asked[name], len(answers) - 1)]
            self.asked[name] += 1
            return [row for one in chosen for row in self.real(one, port, *args, **kwargs)]
        flags = kwargs.get("flags", 0) | socket.AI_NUMERICHOST
        kwargs["flags"] = flags
        return self.real(host, port, *args[:3], **kwargs)

    def connect(self, sock, address):
        self.connected.append(address[0])
        raise ConnectionRefusedError


@pytest.fixture
def network(monkeypatch):
    recorder = Network()
    monkeypatch.setattr(socket, "getaddrinfo", recorder.getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", lambda s, a: recorder.connect(s, a))
    return recorder


def not_public(addresses: list[str]) -> list[str]:
    return [text for text in addresses if text != PUBLIC]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(DOORS))
def test_w7_no_socket_to_an_address_that_is_not_public(name, acme, network, settings):
    settings.DEV_WEBHOOK_HOSTS = frozenset()
    urls = corpus()
    assert len(urls) >= 545
    assert len(set(urls)) == len(urls)
    for url in urls:
        for _ in range(2):  # the second look-up is where a rebinding name turns
            with pytest.raises(OutsideFetchError):
                DOORS[name].enter(acme, url)
    inside = not_public(network.connected)
    print(f"BAR W7 {name}: {len(urls)} hostile URLs, {len(inside)} sockets to non-public addresses")
    assert inside == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(DOORS))
def test_w7_control_a_hundred_public_names_make_a_hundred_sockets(name, acme, network):
    for number in range(100):
        with pytest.raises(OutsideFetchError):
            DOORS[name].enter(acme, f"https://public{number}.example.net/")
    print(f"BAR W7 control {name}: 100 public names, {len(network.connected)} sockets")
    assert network.connected == [PUBLIC] * 100


def test_w7_control_resolve_then_request_opens_sockets_inside(network):
    """What people write at first: look the name up, check it, then let the client resolve again."""
    for url in corpus():
        try:
            host = urlsplit(url).hostname or ""
            first = network.getaddrinfo(host, 80)[0][4][0]
            if ipaddress.ip_address(first).is_private:
                continue
            httpx2.get(url, timeout=1, trust_env=False)
        except (OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL):
            continue
    inside = not_public(network.connected)
    print(f"BAR W7 control {len(inside)} sockets to non-public addresses by a naive check")
    assert len(inside) > 0


def test_w7_the_form_alone_condemns_numbers_without_a_look_up(network):
    for host in ("127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:10.0.0.1]", "localhost"):
        with pytest.raises(OutsideFetchError):
            check_outside_url(f"https://{host}/", https_only=True)
    check_outside_url("https://receiver.example/", https_only=True)
    check_outside_url("https://[2606:4700::1111]/", https_only=True)
    assert network.connected == []
    assert not network.asked
