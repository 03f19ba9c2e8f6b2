"""Rate limits: a decaying score per ad account (reads 1, writes 3), told in Graph's headers."""

import json
import threading
import time

from platforms.simulator import faults
from platforms.simulator.errors import GraphError, rate_limited
from platforms.simulator.graph.call import Call

READ_POINTS, WRITE_POINTS = 1, 3
BLOCK_MINUTES = 1
REFUSALS = {"rate_limited_app": (4, 0), "rate_limited_account": (17, 2446079)}

_lock = threading.Lock()
_scores: dict[int, tuple[float, float]] = {}


def count(call: Call) -> dict[str, str]:
    """Count a call; returns the usage headers, raises code 17 above the limit."""
    if not call.token_text or call.parts[:1] == ("oauth",) or call.parts[:1] == ("debug_token",):
        return {}
    profile = faults.profile()
    key = call.token.person_id
    points = READ_POINTS if call.method == "GET" else WRITE_POINTS
    with _lock:
        score, at = _scores.get(key, (0.0, 0.0))
        now = time.monotonic()
        score = score * max(0.0, 1 - (now - at) / profile.score_decay_s) + points
        over = score > profile.score_limit
        _scores[key] = (score - points if over else score, now)
    percent = min(100, int(100 * score / profile.score_limit))
    headers = _headers(call, percent, BLOCK_MINUTES if over else 0)
    if over:
        raise rate_limited(17, 2446079, headers)
    return headers


def _headers(call: Call, percent: int, minutes: int) -> dict[str, str]:
    usage = {"call_count": percent, "total_cputime": percent, "total_time": percent}
    account = next((part[4:] for part in call.parts if part.startswith("act_")), "0")
    business = {
        account: [
            {
                "type": "ads_management",
                **usage,
                "estimated_time_to_regain_access": minutes,
                "ads_api_access_tier": "standard_access",
            }
        ]
    }
    return {
        "X-App-Usage": json.dumps(usage),
        "X-Business-Use-Case-Usage": json.dumps(business),
    }


def refusal(kind: str) -> GraphError:
    """A rate limit drawn by the fault profile."""
    code, subcode = REFUSALS[kind]
    full = {"call_count": 100, "total_cputime": 25, "total_time": 25}
    business = {
        "0": [{"type": "ads_management", **full, "estimated_time_to_regain_access": BLOCK_MINUTES}]
    }
    return rate_limited(
        code,
        subcode,
        {"X-App-Usage": json.dumps(full), "X-Business-Use-Case-Usage": json.dumps(business)},
    )


def reset() -> None:
    """Forget every score."""
    with _lock:
        _scores.clear()
