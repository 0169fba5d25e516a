"""A lane of work beside another process: run stages of existing runs in this one and report as JSON lines.

It reads its work from standard input, a line each: a run's directory and names of stages, as a JSON list. It ends with
the first that fails, or with its parent: that holds the other end of standard input, and end-of-file means it is gone.
"""

from __future__ import annotations

import gc
import json
import os
import queue
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


def _listen(work: queue.SimpleQueue[str]) -> None:
    """Take in lines of standard input; end the process at its end, whatever that does."""
    read = b""
    # unbuffered: a buffered read would still hold its lock when the interpreter shuts down
    while data := os.read(sys.stdin.fileno(), 4096):
        *lines, read = (read + data).split(b"\n")
        for line in lines:
            work.put(line.decode())
    os._exit(1)


def _give_memory_back() -> None:
    """Leave a GPU to other lanes while this one waits."""
    gc.collect()
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def main() -> int:
    """Run `python -m cppo.cli.lane`; return the exit status of the failure that ends it."""
    from cppo.pipeline import run_stages
    from cppo.runs import Run

    work: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(work,), daemon=True).start()
    while True:
        directory, *stages = json.loads(work.get())
        try:
            run_stages(Run.load(Path(directory)), stages, EventReporter())
        except CppoError as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            return error.exit_code
        _give_memory_back()
        _emit("finished")


if __name__ == "__main__":
    sys.exit(main())
