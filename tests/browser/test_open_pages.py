"""Pages that stay open, or were just closed, leave the product answering everybody else."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.browser.seed import PASSWORD
from tests.browser.site import Site

pytestmark = pytest.mark.browser
OPEN_PAGES = 12  # three for each thread that answers requests


def session_of(site: Site) -> str:
    with httpx.Client(base_url=site.url, timeout=60, trust_env=False) as client:
        client.get("/accounts/login/")
        form = {
            "login": "buyer@demo.example",
            "password": PASSWORD,
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        answer = client.post("/accounts/login/", data=form, headers={"Referer": site.url})
        assert answer.status_code == 302, answer.text
        return client.cookies["session"]


def ask_for_pings(site: Site, session: str) -> socket.socket:
    """A page that asked for its pings and does not read them."""
    parts = urlsplit(site.url)
    page = socket.create_connection((parts.hostname, parts.port), timeout=60)
    page.sendall(
        f"GET /stream/pending/ HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Cookie: session={session}\r\nAccept: text/event-stream\r\n\r\n".encode()
    )
    return page


def register(site: Site, address: str) -> int:
    body = {"email": address, "password": "set by an agent 1", "first_name": "A", "last_name": "B"}
    return site.post("/api/v1/auth/register", body).status_code


def test_open_and_closed_pages_hold_up_nobody(site: Site) -> None:
    session = session_of(site)
    with ExitStack() as pages:
        for _ in range(OPEN_PAGES):
            pages.enter_context(ask_for_pings(site, session))
        assert register(site, "during@pages.example") == 201
    assert register(site, "after@pages.example") == 201
