"""A child process that runs stages of a run beside this one, reports here, and never outlives this process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

Hear = Callable[[str, list[object]], None]
"""Receives a call of a `Reporter` that the child makes: its name and its arguments. Called from another thread."""

WORDS = 12
"""Lines of a failed child that are worth repeating."""
END_SECONDS = 10.0
"""How long a child that was asked to end may take."""


def stage_command(directory: Path, stages: Sequence[str]) -> list[str]:
    """Return the command that runs stages of an existing run and reports as JSON lines."""
    return [sys.executable, "-m", "cppo.cli.lane", str(directory), *stages]


class Lane:
    """The child process. What it prints that is no event is kept as its last words (`tail`).

    It has a session of its own, so that Ctrl-C reaches this process alone, which then ends it; it ends by itself when
    this process is gone, because then its standard input is at its end.
    """

    def __init__(self, command: Sequence[str], hear: Hear) -> None:
        self.hear = hear
        self.tail: list[str] = []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._relay, daemon=True)
        self.reader.start()

    def status(self, timeout: float | None = 0.0) -> int | None:
        """Return the exit status, after waiting for it for `timeout` seconds (None: to the end); None while it runs."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self.reader.join(timeout=END_SECONDS)
        return status

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
            self.hear(call, arguments)
