"""Looking at processes from outside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def alive(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def descendants(pid: int) -> list[int]:
    """Return the children of a process and theirs."""
    found = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (ProcessLookupError, FileNotFoundError):
        return []
    for child in children:
        found += [int(child), *descendants(int(child))]
    return found


def wait_until_running(workers: list[int], idle: int) -> bool:
    """Wait until every worker runs a program, `idle` being how many processes one has below it that runs none."""
    return wait_until(lambda: all(len(descendants(pid)) > idle for pid in workers))


def wait_until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Wait until `condition()` holds; return whether it came to that in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
