"""Chromium, a running product, and a page that fails its test for any policy violation."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.seed import PASSWORD
from tests.browser.site import Site, running_site

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 60_000
SignIn = Callable[..., Any]


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with (
        tempfile.TemporaryDirectory(prefix="adamant-browser-") as folder,
        running_site(Path(folder)) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Opens a page in a fresh context; at the end no console message may speak of the CSP."""
    contexts, problems = [], []

    def note(message: Any) -> None:
        text = getattr(message, "text", str(message))
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            problems.append(text)

    def open_page(**options: Any) -> Any:
        context = chromium.new_context(base_url=site.url, **options)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def signed_in(new_page: Callable[..., Any]) -> SignIn:
    """A page with the session of one of the demo's people."""

    def sign_in(role: str = "buyer", **options: Any) -> Any:
        page = new_page(**options)
        page.goto("/accounts/login/")
        page.fill("input[name=login]", f"{role}@demo.example")
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/")
        return page

    return sign_in
