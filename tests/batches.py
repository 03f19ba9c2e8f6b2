"""Requests sent as parts of a batch."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client


@dataclass
class PartResponse:
    """One part's answer, as the test client shows an answer of its own."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def post_batch(token: str | None, parts: list[dict[str, Any]], **headers: str) -> Any:
    """The answer to a batch of parts."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Client(raise_request_exception=False).post(
        "/api/v1/batch",
        json.dumps({"requests": parts}),
        content_type="application/json",
        headers=headers,
    )


def part_response(answer: dict[str, Any]) -> PartResponse:
    body = b"" if answer["body"] is None else json.dumps(answer["body"]).encode()
    return PartResponse(answer["status"], answer["headers"], body)


def send_in_batch(
    token: str | None, method: str, path: str, payload: dict[str, Any] | None = None
) -> Any:
    """The answer of one request sent as a part between two others, which must not notice."""
    beside = {"method": "GET", "path": "/v1/billing/plans"}
    part: dict[str, Any] = {"id": "part", "method": method, "path": path}
    if payload is not None:
        part["body"] = payload
    response = post_batch(token, [{"id": "a", **beside}, part, {"id": "z", **beside}])
    if response.status_code != 200:
        return response
    answers = response.json()["responses"]
    assert [(one["id"], one["status"]) for one in (answers[0], answers[2])] == [
        ("a", 200),
        ("z", 200),
    ]
    return part_response(answers[1])
