"""Named points where a test process may stop a worker dead. No effect unless ADAMANT_FAILPOINTS
is set.

The variable holds `name=action` pairs separated by commas. Actions: `kill` (SIGKILL to itself),
`raise`,
`sleep:SECONDS`, `kill%N` (once in N passes, by the process's own random draw). Reliability suites
use them;
the names are the protocol's steps.
"""

import os
import random
import signal
import time
from pathlib import Path


class FailpointError(RuntimeError):
    """Raised by the action `raise`."""


def _parse(text: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in text.split(",") if "=" in part)
    return {name.strip(): action.strip() for name, action in pairs}


_ACTIONS = _parse(os.environ.get("ADAMANT_FAILPOINTS", ""))
_LOG = os.environ.get("ADAMANT_FAILPOINTS_LOG", "")


def reach(name: str) -> None:
    """Say that the code passes the point `name`."""
    if _ACTIONS:
        action = _ACTIONS.get(name) or _ACTIONS.get("*")
        if action:
            _act(name, action)


def _act(name: str, action: str) -> None:
    verb, _, odds = action.partition("%")
    if odds and random.random() * int(odds) >= 1:  # noqa: S311 - test-only choice, no secret
        return
    if _LOG:
        with Path(_LOG).open("a") as log:
            log.write(f"{name}\n")
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "raise":
        raise FailpointError(name)
    elif verb.startswith("sleep:"):
        time.sleep(float(verb.removeprefix("sleep:")))
