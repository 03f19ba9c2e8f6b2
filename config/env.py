"""Typed reading of environment variables; `NAME_FILE` supplies any value from a file."""

import os
from pathlib import Path

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}

problems: list[str] = []


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file `NAME_FILE` points at."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            problems.append(f"{name}_FILE={path!r} cannot be read: {error.strerror}.")
            return default
    return os.environ.get(name, default)


def boolean(name: str, *, default: bool = False) -> bool:
    """1, true, yes, on or 0, false, no, off."""
    value = text(name, "1" if default else "0").strip().lower()
    if value in TRUE:
        return True
    if value not in FALSE:
        problems.append(f"{name}={value!r} is not a boolean; use 1 or 0.")
        return default
    return False


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least `minimum`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        problems.append(f"{name}={value!r} is not a whole number.")
        return default
    if number < minimum:
        problems.append(f"{name}={number} must be at least {minimum}.")
        return default
    return number


def items(name: str, default: str = "") -> list[str]:
    """Comma-separated values without blanks."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, allowed: frozenset[str], default: str) -> str:
    """One of the allowed words."""
    value = text(name, default)
    if value not in allowed:
        problems.append(f"{name}={value!r} must be one of {', '.join(sorted(allowed))}.")
        return default
    return value
