from datetime import date

import pytest

from tests.journeys.guide import (
    Call,
    curl_calls,
    normalised,
    place_of,
    python_call,
    python_expressions,
)

TEXT = (
    'intro # Register curl -X POST https://ads.example/api/v1/auth/register \\ -H "Content-Type: '
    'application/json" \\ -d \'{ "email": "[hidden]", "first_name": "Jo" }\' # Response: { }\n'
    "# Free curl -X POST https://ads.example/api/v1/platforms/x/connect \\ -H "
    '"Authorization: Bearer aa_x" # Poll: GET /y'
)


def test_curl_lines_are_read_in_order() -> None:
    assert curl_calls(TEXT) == [
        Call(
            "POST",
            "/v1/auth/register",
            {"Content-Type": "application/json"},
            {"email": "[hidden]", "first_name": "Jo"},
        ),
        Call("POST", "/v1/platforms/x/connect", {"Authorization": "Bearer aa_x"}),
    ]


def test_python_requests_are_found_and_read_without_running_them() -> None:
    program = (
        'x = requests.post(f"{BASE}/a/{thing[\'id\']}", headers=H, json={"n": f"V {i+1}", '
        '"u": v.get("u")}).json() # next requests.get(f"{BASE}/b", headers=H)'
    )
    first, second = python_expressions(program)
    names = {"thing": {"id": "t_1"}, "H": {"A": "b"}, "i": 0, "v": {}}
    assert python_call(first, names) == Call(
        "POST", "/v1/a/t_1", {"A": "b"}, {"n": "V 1", "u": None}
    )
    assert python_call(second, names) == Call("GET", "/v1/b", {"A": "b"})


def test_a_place_is_method_and_path_without_values() -> None:
    text = "requests.post( f\"{BASE}/a/{thing['id']}/b/{other}\", headers=H)"
    assert place_of(text) == "POST /a/{}/b/{}"
    assert place_of('requests.get(f"{BASE}/a", headers=H)') == "GET /a"
    with pytest.raises(AssertionError):
        place_of("requests.get(address)")


def test_anything_else_in_a_program_is_refused() -> None:
    with pytest.raises(ValueError, match="Call"):
        python_call('requests.post(f"{BASE}/a", headers=H, json={"n": open("x")})', {"H": {}})


def test_normalising_changes_what_cannot_be_kept_and_nothing_else() -> None:
    call = Call(
        "POST",
        "/v1/x",
        {"Authorization": "Bearer aa_live_x", "Content-Type": "application/json"},
        {
            "email": "[hidden]",
            "code": "1",
            "url": "https://a.example/h",
            "name": "2025-07-01 sale",
            "schedule": {"start_date": "2025-07-01", "end_date": "2025-09-30"},
            "list": [{"n": 1.5}],
        },
    )
    done = normalised(
        call, email="jo@x.example", key="K", code="42", hook="", today=date(2026, 11, 22)
    )
    assert done == Call(
        "POST",
        "/v1/x",
        {"Authorization": "Bearer K", "Content-Type": "application/json"},
        {
            "email": "jo@x.example",
            "code": "42",
            "url": "https://a.example/h",
            "name": "2025-07-01 sale",
            "schedule": {"start_date": "2027-07-01", "end_date": "2027-09-30"},
            "list": [{"n": 1.5}],
        },
    )
