"""Loaded before Django's settings (`-p tests.plugin`): gives each test process a Redis database
of its own, since clearing the cache empties the whole database, and prints what the bars and
the platform oracles counted.

A bar prints `BAR <id> <numbers>`, its red control `BAR <id> control <numbers>`; the platform's own
judge of our requests is the bar `oracle`.
"""

import os
from urllib.parse import urlsplit, urlunsplit

import pytest

REDIS_URL = os.environ.get("REDIS_URL", "")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
WORDS = ("BAR ",)

if REDIS_URL and WORKER:
    parts = urlsplit(REDIS_URL)
    number = int(parts.path.strip("/") or 0) + int(WORKER.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = urlunsplit(parts._replace(path=f"/{number}"))


def printed(reports: list[pytest.TestReport]) -> list[str]:
    """The lines that begin with a word of `WORDS`, each once, in order."""
    lines = [
        line.strip()
        for report in reports
        for line in getattr(report, "capstdout", "").splitlines()
        if line.strip().startswith(WORDS)
    ]
    return list(dict.fromkeys(lines))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    failed = terminalreporter.stats.get("failed", [])
    lines = printed([*passed, *failed])
    if lines:
        terminalreporter.section("bars and oracles")
        for line in sorted(lines):
            terminalreporter.write_line(line)
