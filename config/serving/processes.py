"""Children of `manage.py serve`: started with their role, stopped by their own process id."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

PR_SET_PDEATHSIG = 1
STOP_WITHIN_S = 20.0


class ProcessError(RuntimeError):
    """A child did not start."""


def manage(*arguments: str) -> list[str]:
    """The command line of a management command of this checkout."""
    return [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments]


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start a management command as a child with extra environment variables.

    On Linux the child is also told to end when this process dies without saying so. A terminal's
    Ctrl-C reaches only this process, which then stops its children: told twice, a granian hangs.
    """
    return subprocess.Popen(  # noqa: S603 - our own command line
        manage(*arguments),
        env=os.environ | environment,
        preexec_fn=_die_with_parent,
        start_new_session=True,
    )


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to each child that still runs, SIGKILL to those that do not end in time."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def is_listening(url: str) -> bool:
    """True where something accepts connections at the URL's host and port."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError):
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        socket.create_connection(address, timeout=1).close()
        return True
    return False


def wait_listening(child: subprocess.Popen[bytes], url: str, *, seconds: float = 180) -> None:
    """Return once `url` accepts connections; raises ProcessError when the child ends before."""
    deadline = time.monotonic() + seconds
    while not is_listening(url):
        if child.poll() is not None:
            raise ProcessError(f"the process for {url} ended with code {child.returncode}")
        if time.monotonic() > deadline:
            raise ProcessError(f"nothing answers at {url} after {seconds:.0f} s")
        time.sleep(0.1)


def start_simulator(**environment: str) -> subprocess.Popen[bytes] | None:
    """The simulator as a child where SIMULATOR_URL is this machine's and nothing answers there."""
    parts = urlsplit(settings.SIMULATOR_URL)
    if parts.hostname not in settings.LOOPBACK or is_listening(settings.SIMULATOR_URL):
        return None
    child = spawn(
        "simulator", "--host", "127.0.0.1", "--port", str(parts.port or 80), **environment
    )
    wait_listening(child, settings.SIMULATOR_URL)
    return child
