"""A stateful Stripe on loopback, as far as the product uses it: it refuses parameters that the
SDK's own types do not know, honours idempotency keys and signs events with the SDK's helper.
"""

import json
import threading
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import stripe
import typing_extensions
from stripe import params
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

SECRET_KEY, WEBHOOK_SECRET = "sk_test_fake", "whsec_fake"
OPTIONS = frozenset(RequestOptions.__annotations__)
TYPES = {
    ("POST", "/v1/customers"): params.CustomerCreateParams,
    ("POST", "/v1/checkout/sessions"): params.checkout.SessionCreateParams,
    ("GET", "/v1/checkout/sessions/*"): params.checkout.SessionRetrieveParams,
    ("GET", "/v1/subscriptions"): params.SubscriptionListParams,
    ("POST", "/v1/subscriptions/*"): params.SubscriptionUpdateParams,
    ("DELETE", "/v1/subscriptions/*"): params.SubscriptionCancelParams,
    ("GET", "/v1/invoices"): params.InvoiceListParams,
    ("POST", "/v1/billing_portal/sessions"): params.billing_portal.SessionCreateParams,
}


class RefusedError(Exception):
    """Answered with 400 and this text."""


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0]=c` as objects; lists are objects with numbers for keys."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = name.replace("]", "").split("[")
        place = found
        for key in rest:
            place = place.setdefault(first, {})
            first = key
        place[first] = value
    return found


def check(value: Any, hint: Any, path: str) -> None:
    """Raise RefusedError where a value does not fit the SDK's type."""
    origin, args = typing_extensions.get_origin(hint), typing_extensions.get_args(hint)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        check(value, args[0], path)
    elif origin in (typing.Union, types.UnionType):
        check_any(value, args, path)
    elif origin is Literal:
        if value not in args:
            raise RefusedError(f"Invalid {path}: {value}")
    elif origin is list:
        for key, item in must_be(dict, value, path).items():
            check(item, args[0], f"{path}[{key}]")
    elif origin is dict:
        for key, item in must_be(dict, value, path).items():
            check(item, args[1], f"{path}[{key}]")
    elif typing_extensions.is_typeddict(hint):
        check_fields(must_be(dict, value, path), hint, path)
    elif origin is UntypedStripeObject:
        must_be(dict, value, path)
    elif hint is bool and value not in ("true", "false"):
        raise RefusedError(f"Invalid boolean: {path}")
    elif hint is int and not str(value).lstrip("-").isdigit():
        raise RefusedError(f"Invalid integer: {path}")
    elif hint is str:
        must_be(str, value, path)


def check_any(value: Any, hints: tuple[Any, ...], path: str) -> None:
    failures = []
    for hint in hints:
        try:
            check(value, hint, path)
        except RefusedError as error:
            failures.append(error)
        else:
            return
    raise failures[0]


@cache
def fields_of(kind: Any) -> dict[str, Any]:
    """Name → type; the SDK keeps two names of its options to its type checker."""
    names = {"StripeContext": Any, "Mapping": Mapping}
    return typing_extensions.get_type_hints(kind, localns=names, include_extras=True)


def check_fields(value: dict[str, Any], kind: Any, path: str) -> None:
    hints = fields_of(kind)
    known = {name: hint for name, hint in hints.items() if name not in OPTIONS}
    for name, item in value.items():
        if name not in known:
            raise RefusedError(f"Received unknown parameter: {path}[{name}]")
        check(item, known[name], f"{path}[{name}]")
    for name in kind.__required_keys__ - OPTIONS:
        if name not in value:
            raise RefusedError(f"Missing required param: {path}[{name}]")


def must_be(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, kind):
        raise RefusedError(f"Invalid {path}: {value!r} is no {kind.__name__}")
    return value


class FakeStripe:
    """The state, and what people and time do at Stripe; each appends events to `events`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.origin = ""
        self.is_down = False
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.rows: dict[str, dict[str, dict[str, Any]]] = {
            kind: {} for kind in ("customer", "session", "subscription", "invoice")
        }
        self._answers: dict[str, tuple[Any, Any]] = {}
        self._lock = threading.RLock()
        self._count = 0

    # --- what people and time do ---

    def pay(self, session_id: str) -> str:
        """A person pays; returns the subscription."""
        session = self.rows["session"][session_id]
        session |= {"status": "complete", "url": None}
        start = int(self.now.timestamp())
        made = {
            "id": self._id("sub"),
            "object": "subscription",
            "customer": session["customer"],
            "status": "active",
            "created": start,
            "metadata": session["subscription_data"]["metadata"],
            "cancel_at_period_end": False,
            "cancel_at": None,
            "ended_at": None,
            "items": {"object": "list", "data": [{"current_period_end": self._month_end()}]},
        }
        self.rows["subscription"][made["id"]] = made
        self._event("checkout.session.completed", session)
        self._event("customer.subscription.created", made)
        self._event("invoice.paid", self._invoice(made, session["amount"], is_paid=True))
        return made["id"]

    def fail_renewal(self, subscription_id: str) -> None:
        row = self.rows["subscription"][subscription_id]
        amount = next(iter(self.rows["invoice"].values()))["amount_due"]
        row["status"] = "past_due"
        self._event("invoice.payment_failed", self._invoice(row, amount, is_paid=False))
        self._event("customer.subscription.updated", row)

    def settle_invoice(self, subscription_id: str) -> None:
        row = self.rows["subscription"][subscription_id]
        for invoice in self.rows["invoice"].values():
            if invoice["status"] == "open" and self._of(invoice) == subscription_id:
                invoice |= {"status": "paid", "amount_paid": invoice["amount_due"]}
                self._event("invoice.paid", invoice)
        row["status"] = "active"

    def end(self, subscription_id: str) -> None:
        row = self.rows["subscription"][subscription_id]
        row |= {"status": "canceled", "ended_at": int(self.now.timestamp())}
        self._event("customer.subscription.deleted", row)

    def signed(self, event: dict[str, Any], *, at: datetime | None = None) -> tuple[bytes, str]:
        """Body and header of a webhook."""
        body = json.dumps(event)
        stamp = int((at or self.now).timestamp())
        header = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, stamp)
        return body.encode(), header

    # --- what the API does ---

    def answer(self, method: str, url: str, body: str, headers: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one request."""
        with self._lock:
            if self.is_down:
                return 503, {"error": {"type": "api_error", "message": "down"}}
            try:
                return 200, self._answer(method, url, body, headers)
            except RefusedError as error:
                self.refused.append(str(error))
                problem = {"type": "invalid_request_error", "message": str(error)}
                return 400, {"error": problem}

    def _answer(self, method: str, url: str, body: str, headers: Any) -> dict[str, Any]:
        if headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            raise RefusedError("Invalid API Key")
        parts = urlsplit(url)
        given = nested(parse_qsl(body if method == "POST" else parts.query + body))
        path, key = parts.path, ""
        if (method, path) not in TYPES:
            path, _, key = path.rpartition("/")
            path += "/*"
        if (method, path) not in TYPES:
            raise RefusedError(f"Unrecognized request URL ({method}: {parts.path})")
        check_fields(given, TYPES[method, path], "")
        self.calls.append((method, parts.path, given))
        once = headers.get("Idempotency-Key", "")
        if once in self._answers:
            before, answer = self._answers[once]
            if before != given:
                raise RefusedError(
                    "Keys for idempotent requests can only be used with the same params"
                )
            return answer
        answer = deepcopy(self._handle(method, path, key, given))
        if once:
            self._answers[once] = given, answer
        return answer

    def _handle(self, method: str, path: str, key: str, given: dict[str, Any]) -> dict[str, Any]:
        handlers = {
            "/v1/customers": lambda: self._add("customer", "cus", given),
            "/v1/checkout/sessions": lambda: self._new_session(given),
            "/v1/checkout/sessions/*": lambda: self._get("session", key),
            "/v1/subscriptions": lambda: self._list("subscription", given),
            "/v1/subscriptions/*": lambda: self._change(method, key, given),
            "/v1/invoices": lambda: self._list("invoice", given),
            "/v1/billing_portal/sessions": lambda: {
                "id": self._id("bps"),
                "object": "billing_portal.session",
                "url": f"https://billing.stripe.example/{given['customer']}",
            },
        }
        return handlers[path]()

    def _add(self, kind: str, prefix: str, fields: dict[str, Any]) -> dict[str, Any]:
        made = {"id": self._id(prefix), "object": kind, **fields}
        self.rows[kind][made["id"]] = made
        return made

    def _new_session(self, given: dict[str, Any]) -> dict[str, Any]:
        self._get("customer", given["customer"])
        ends = datetime.fromtimestamp(int(given["expires_at"]), UTC)
        if not timedelta(minutes=30) <= ends - self.now <= timedelta(hours=24):
            raise RefusedError("expires_at must be 30 minutes to 24 hours from now")
        made = self._add("session", "cs_test", given)
        price = given["line_items"]["0"]["price_data"]
        made |= {
            "object": "checkout.session",
            "status": "open",
            "url": f"https://checkout.stripe.example/{made['id']}",
            "amount": int(price["unit_amount"]),
        }
        return made

    def _change(self, method: str, key: str, given: dict[str, Any]) -> dict[str, Any]:
        row = self._get("subscription", key)
        if row["status"] == "canceled":
            raise RefusedError("A canceled subscription can only update its cancellation_details")
        if method == "DELETE":
            self.end(key)
        if "cancel_at_period_end" in given:
            row["cancel_at_period_end"] = given["cancel_at_period_end"] == "true"
            self._event("customer.subscription.updated", row)
        return row

    def _get(self, kind: str, key: str) -> dict[str, Any]:
        if key not in self.rows[kind]:
            raise RefusedError(f"No such {kind}: '{key}'")
        return self.rows[kind][key]

    def _list(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        rows = [row for row in self.rows[kind].values() if row["customer"] == given["customer"]]
        newest = rows[::-1][: int(given["limit"])]
        return {"object": "list", "data": newest, "has_more": False, "url": "/v1/list"}

    def _invoice(self, row: dict[str, Any], amount: int, *, is_paid: bool) -> dict[str, Any]:
        key = self._id("in")
        made = {
            "id": key,
            "object": "invoice",
            "customer": row["customer"],
            "number": f"ADM-{len(self.rows['invoice']) + 1:04}",
            "status": "paid" if is_paid else "open",
            "amount_due": amount,
            "amount_paid": amount if is_paid else 0,
            "currency": "usd",
            "attempt_count": 1,
            "invoice_pdf": f"https://pay.stripe.example/{key}/pdf",
            "hosted_invoice_url": f"https://pay.stripe.example/{key}",
            "created": int(self.now.timestamp()),
            "parent": {"subscription_details": {"subscription": row["id"]}},
        }
        self.rows["invoice"][key] = made
        return made

    @staticmethod
    def _of(invoice: dict[str, Any]) -> str:
        return str(invoice["parent"]["subscription_details"]["subscription"])

    def _event(self, kind: str, subject: dict[str, Any]) -> None:
        made = {"id": self._id("evt"), "object": "event", "type": kind}
        self.events.append(made | {"data": {"object": deepcopy(subject)}})

    def _month_end(self) -> int:
        return int((self.now + timedelta(days=30)).timestamp())

    def _id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_fake{self._count:06}"


@contextmanager
def served(state: FakeStripe) -> Iterator[FakeStripe]:
    """Answer on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            status, answer = state.answer(self.command, self.path, body, self.headers)
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
