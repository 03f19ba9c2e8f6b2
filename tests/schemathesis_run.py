"""Schemathesis against the WSGI application in this process: what it sends is undone after each
answer, so that no request, revoking the key that calls included, is in the way of the next.
"""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connections, transaction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from core.operations import OPERATIONS

Json = dict[str, Any]
SOCKETS = ("max_redirects", "verify", "cert", "proxies")


@dataclass
class Run:
    """How many requests were judged, and what was wrong, by check."""

    cases: int = 0
    operations: set[str] = field(default_factory=set)
    checks: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)

    def count(self, check: str) -> int:
        """Failures of one check."""
        return len(self.wrong.get(check, ()))

    def take(self, event: Any) -> None:
        """Count what one scenario of the engine did."""
        if isinstance(event, events.NonFatalError):
            self.errors.append(f"{event.label}: {event.info.title} {event.info.message}")
        if not isinstance(event, events.ScenarioFinished):
            return
        recorder = event.recorder
        self.operations.add(recorder.label)
        self.cases += len(recorder.interactions)
        for case_id, nodes in recorder.checks.items():
            for node in nodes:
                self.checks[node.name] += 1
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    sent, got = recorder.cases[case_id].value, recorder.interactions[case_id]
                    rule = _rule(recorder.label, node.name, got.response)
                    if rule:
                        self.rules[rule] += 1
                    else:
                        told = _told(failure, sent, got.response)
                        self.wrong.setdefault(node.name, []).append(told)


# What no JSON schema can say of a field, by operation; answered as `validation_error`. Refusals
# with a code of their own are listed in the document, operation by operation.
BEYOND_SCHEMA: dict[str, dict[str, str]] = {
    "POST /auth/register": {"email": "the mail standard", "password": "too common, too like"},
    "POST /auth/verify": {"email": "the mail standard"},
    "POST /auth/verify/resend": {"email": "the mail standard"},
    "POST /batch": {"requests": "ids differ", "requests.headers": "Idempotency-Key alone"},
    "POST /billing/subscribe": {"plan_id": "or plan", "plan": "ids and names are rows"},
    "POST /webhooks": {"url": "public, https; Slack's own"},
    "PATCH /webhooks/{webhook_id}": {"url": "public, https; Slack's own"},
    "POST /webhooks/{webhook_id}/replay": {"since": "within the last 30 days"},
    "POST /campaigns": {
        "daily_budget": "or budget, and within what a currency holds",
        "budget.currency": "of ISO 4217",
        "budget.amount": "within what a currency holds",
    },
    "PATCH /campaigns/{campaign_id}": {
        "business_id": "a campaign stays where it is",
        "daily_budget": "within what a currency holds",
        "budget.currency": "of ISO 4217",
        "budget.amount": "within what a currency holds",
    },
    "GET /analytics/overview": {"compare": "goes with compare_from and compare_to"},
    "GET /analytics/time-series": {"metrics": "names of metrics, with commas between them"},
    "POST /analytics/reports": {"metrics": "names of metrics"},
    "POST /analytics/alert-rules": {"condition": "it or anomaly, and not both"},
    "PATCH /analytics/alert-rules/{rule_id}": {"condition": "of the rule's own kind"},
    "POST /optimization/rules": {"action.limit": "of two actions", "action.percent": "likewise"},
    "POST /optimization/rules/dry-run": {"action.limit": "likewise", "action.percent": "likewise"},
    "PATCH /optimization/rules/{rule_id}": {"action.limit": "likewise", "action.percent": ""},
}
for _method, _path in (
    ("POST", "/campaigns/{campaign_id}/ad-sets"),
    ("PATCH", "/campaigns/{campaign_id}/ad-sets/{ad_set_id}"),
):
    BEYOND_SCHEMA[f"{_method} {_path}"] = {
        "targeting": "age_min up to age_max",
        "targeting.locations.value": "a country",
    }
# The same for every operation, by what the refusal says.
BEYOND_WORDS = (
    "cursor is not one that this API returned",
    "ontrol and invisible characters",
    "Input should be a valid integer",  # 48.0 is an integer to JSON Schema, and none here
    "lies outside 2000-01-01 to 2099-12-31",
    "the range has more than 731 days",
    "Say in words what it is about",
    "should have no more than 6 decimal places",
)


def _rule(label: str, check: str, response: Any) -> str:
    """The rule by which a well-formed request was refused; "" where there is none."""
    if check != "positive_data_acceptance" or response.status_code != 422:
        return ""
    error = response.json()["error"]
    method, path = label.split(" ", 1)
    if error["code"] != "validation_error":
        return (
            f"{label} {error['code']}" if error["code"] in OPERATIONS[method, path].errors else ""
        )
    named = re.sub(r"\.\d+", "", str(error["details"].get("field", "")))
    words = [one for one in BEYOND_WORDS if one in error["message"]]
    if not words and named not in BEYOND_SCHEMA.get(label, ()):
        return ""
    return f"{label} {named}"


def _told(failure: Failure, case: Any, response: Any) -> str:
    body = response.content[:400] if response is not None else b""
    return f"{case.as_curl_command()}\n    {failure.title}: {failure.message}\n    {body!r}"


@contextmanager
def undoing() -> Iterator[Any]:
    """The application on a thread of its own; nothing of what a request wrote stays, and no request
    closes a connection under the transaction around it.
    """
    application = get_wsgi_application()
    signals = (request_started, request_finished)

    def answered(environ: Json, start_response: Any) -> list[bytes]:
        cache.clear()
        with transaction.atomic():
            answer = application(environ, start_response)
            body = b"".join(answer)
            answer.close()
            transaction.set_rollback(True)
        return [body]

    def send(case: Any, **settings: Any) -> Any:
        """Settings of sockets mean nothing here, and the client in this process refuses them."""
        kept = {name: value for name, value in settings.items() if name not in SOCKETS}
        return real(case, **kept)

    real, WSGI_TRANSPORT.send = WSGI_TRANSPORT.send, send
    for signal in signals:
        signal.disconnect(close_old_connections)
    with ThreadPoolExecutor(1) as thread:
        try:
            yield lambda *request: thread.submit(answered, *request).result()
        finally:
            thread.submit(connections.close_all).result()
            WSGI_TRANSPORT.send = real
            for signal in signals:
                signal.connect(close_old_connections)


def run(document: Json, *, token: str, seed: int, examples: int) -> Run:
    """All phases but the stateful one, over all operations of the document."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "workers": 1,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {token}"},
            "generation": {
                "mode": "all",
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
                # PostgreSQL keeps no U+0000 in a text: it is refused like JSON that cannot be read.
                "allow-x00": False,
            },
            "phases": {"stateful": {"enabled": False}},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    found = Run()
    with undoing() as schema.app:
        for event in from_schema(schema).execute():
            found.take(event)
    return found
