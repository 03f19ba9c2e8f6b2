"""Run the reliability bars and print one table: bar, what it measured, its red control.

`--long` runs the long forms (minutes each), `--read LOG` only prints the table of a log; other
arguments go to pytest.
"""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def run(arguments: list[str]) -> tuple[int, list[str]]:
    """Exit code of pytest and the lines it printed."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin", "-q", "-m", "bar", *arguments]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            print(line, end="", file=sys.stderr)
    return process.returncode, lines


def table(lines: list[str]) -> str:
    """The `BAR` lines as columns; the control stands beside its bar."""
    results: dict[str, list[str]] = defaultdict(list)
    controls: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if not line.startswith("BAR "):
            continue
        _, bar, *rest = line.split(maxsplit=2)
        text = rest[0] if rest else ""
        is_control = text.startswith("control")
        (controls if is_control else results)[bar].append(text.removeprefix("control").strip(" :"))
    rows = ["| bar | measured | red control |", "|---|---|---|"]
    rows += [
        f"| {bar} | {'; '.join(results[bar])} | {'; '.join(controls[bar]) or '-'} |"
        for bar in sorted({*results, *controls})
    ]
    return "\n".join(rows)


def main() -> int:
    """Exit code of the run."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--read"]:
        print(table(Path(arguments[1]).read_text().splitlines()))
        return 0
    if "--long" in arguments:
        arguments.remove("--long")
        os.environ["BARS"] = "long"
    code, lines = run(arguments)
    print(table(lines))
    print(lines[-1] if lines else "no test ran")
    return code


if __name__ == "__main__":
    sys.exit(main())
