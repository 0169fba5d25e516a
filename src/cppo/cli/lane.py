"""A lane of work beside another process: run stages of an existing run in this one and report as JSON lines.

It ends with its parent: the parent holds the other end of standard input, and end-of-file means it is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from cppo.errors import CppoError
from cppo.progress import Reporter


class EventReporter(Reporter):
    """Writes every call as one JSON line."""

    def begin(self, stage: str, total: int, done: int = 0, unit: str = "step") -> None:
        _emit("begin", stage, total, done, unit)

    def advance(self, done: int, facts: Mapping[str, float] | None = None) -> None:
        _emit("advance", done, dict(facts or {}))

    def end(self, note: str = "") -> None:
        _emit("end", note)

    def say(self, text: str) -> None:
        _emit("say", text)


def _emit(call: str, *arguments: object) -> None:
    print(json.dumps({"call": call, "arguments": arguments}), flush=True)


def _die_with_parent() -> None:
    # unbuffered: a buffered read would still hold its lock when the interpreter shuts down
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def main() -> int:
    """Run `python -m cppo.cli.lane RUN_DIRECTORY STAGE …`."""
    from cppo.pipeline import run_stages
    from cppo.runs import Run

    threading.Thread(target=_die_with_parent, daemon=True).start()
    directory, *stages = sys.argv[1:]
    try:
        run_stages(Run.load(Path(directory)), stages, EventReporter())
    except CppoError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
