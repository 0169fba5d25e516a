"""A child process that runs stages of runs beside this one, reports here, and never outlives this process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

Hear = Callable[[str, list[object]], None]
"""Receives a call of a `Reporter` that the child makes: its name and its arguments. Called from another thread."""

COMMAND = (sys.executable, "-m", "cppo.cli.lane")
"""Takes work, a run's directory and names of stages, as one JSON list a line, and reports as JSON lines."""
WORDS = 12
"""Lines of a failed child that are worth repeating."""
END_SECONDS = 10.0
"""How long a child that was asked to end may take."""
POLL_SECONDS = 0.2


class Lane:
    """The child process. It is given one piece of work after the other: starting one costs seconds of imports.

    What it prints that is no event is kept as its last words (`tail`). It has a session of its own, so that Ctrl-C
    reaches this process alone, which then ends it; it ends by itself when this process is gone, because then its
    standard input is at its end.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self.tail: list[str] = []
        self.hear: Hear | None = None
        self.finished = threading.Event()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._relay, daemon=True)
        self.reader.start()

    def give(self, work: Sequence[str], hear: Hear) -> None:
        """Have a lane that is at no work do some. What happens to one that has ended shows in its `status`."""
        self.finished.clear()
        self.tail.clear()
        self.hear = hear
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps([*work]) + "\n")
            self.process.stdin.flush()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def status(self, timeout: float | None = 0.0) -> int | None:
        """Return 0 once the work is done, or the exit status when the process ended before, after waiting for it for
        `timeout` seconds (None: to the end); None while it works."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.finished.is_set():
            if self.process.poll() is not None:
                self.reader.join(timeout=END_SECONDS)
                return 0 if self.finished.is_set() else self.process.returncode or 1
            left = POLL_SECONDS if deadline is None else min(POLL_SECONDS, deadline - time.monotonic())
            if left <= 0:
                return None
            self.finished.wait(left)
        return 0

    def last_words(self) -> str:
        """Return the last lines it printed, indented."""
        return "\n  ".join(self.tail[-WORDS:])

    def end(self) -> None:
        """End the child if it still runs, and wait for that."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # work that it did not live to read
                self.process.stdin.close()

    def _relay(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
                call, arguments = event["call"], event["arguments"]
            except (json.JSONDecodeError, KeyError, TypeError):
                self.tail.append(line.rstrip())
                continue
            if call == "finished":
                self.finished.set()
            elif self.hear is not None:
                self.hear(call, arguments)
