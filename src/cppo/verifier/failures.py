"""Why a test failed: from how its process ended, what it cost and what it said. Standard library only."""

from __future__ import annotations

import errno
import os

from cppo.verifier.lean_json import loads
from cppo.verifier.linux import SIGXCPU, SIGXFSZ
from cppo.verifier.mounts import SCRATCH_DEPTH, SCRATCH_FILES, SCRATCH_MB

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from typing import Any

    from cppo.verifier.watch import Ended

NOTE_CHARACTERS = 500
"""A header has a largest size, whatever a program says of its end."""
SCRATCH_FULL = (
    f"more than {SCRATCH_MB} MiB of files, {SCRATCH_FILES} of them or {SCRATCH_DEPTH} directories in each other, "
    "or a directory closed to reading"
)
REFUSALS = (f"BlockingIOError: [Errno {errno.EAGAIN}] ", "RuntimeError: can't start new thread")
"""How errors begin that Python raises when the kernel refuses a process or a thread."""


class Failure:
    """Why a test failed. `reported`: the program's own process said so, so that it belongs to one certain test.

    `clock`: it ran out of processor or wall time. `refused`: it says that it may start no more processes or threads,
    which others of its user may have used up.
    """

    def __init__(
        self, status: str, detail: str, reported: bool = False, clock: bool = False, refused: bool = False
    ) -> None:
        self.status = status
        self.detail = detail
        self.reported = reported
        self.clock = clock
        self.refused = refused


def why_failed(
    ended: Ended, cost: dict[str, Any], written: int, note: dict[str, Any], limits: dict[str, Any], shares_user: bool
) -> Failure | None:
    """Return why a process failed, or None when it ended well. The order decides between several reasons.

    `written`: bytes of its longest stream. `note`: what it said itself. `shares_user`: whether the kernel counts the
    processes of others of its user with its own.
    """
    killed, words = ended.killed, words_of(note)
    number = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else 0
    if killed == "wall":
        return Failure("TLE", f"more than {limits['wall']:g} s of wall time", clock=True)
    if killed == "memory" or cost["memory"] > limits["memory"] or note.get("stop") == "memory":
        return Failure("MLE", f"more than {limits['memory'] / 1024:g} MiB")
    if killed == "cpu" or cost["cpu"] > limits["cpu"] or number == SIGXCPU:
        return Failure("TLE", f"more than {limits['cpu']:g} s of CPU time", clock=True)
    if written > limits["output"] or number == SIGXFSZ:
        return Failure("OLE", f"more than {limits['output'] / 2**20:g} MiB of output")
    if killed == "disk":
        return Failure("OLE", SCRATCH_FULL)
    if killed == "processes":
        return Failure("RE", "too many processes")
    if note.get("stop") == "compile":
        return Failure("CE", words, reported=True)
    if note.get("stop") == "lines":
        return Failure("TLE", f"more than {limits['lines']} executed lines", reported=True)
    if number:
        return Failure("RE", f"killed by signal {number}")
    if words:
        refused = shares_user and words.startswith(REFUSALS)
        return Failure("RE", words, reported=True, refused=refused)
    if ended.status:
        return Failure("RE", f"exit status {os.waitstatus_to_exitcode(ended.status)}")
    return None


def read_note(line: bytes) -> dict[str, Any]:
    """Return the reason a program's process gave for its end; empty when it gave none that can be read."""
    try:
        note = loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def words_of(note: dict[str, Any]) -> str:
    """Return what a note says of an error, cut to `NOTE_CHARACTERS`; empty when that is no text."""
    error = note.get("error")
    return error[:NOTE_CHARACTERS] if isinstance(error, str) else ""
