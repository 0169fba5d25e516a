"""The one line of a study's progress, and how long it may still take."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A task that runs: its name, its kind, since how many seconds, and (done, total) of its units where known.

    `start`: units that were done when it began, those of an earlier run.
    """

    name: str
    kind: str
    seconds: float
    progress: tuple[int, int] | None = None
    start: int = 0


Waiting = tuple[str, str, frozenset[str]]
"""A task that has not started: its name, its kind, what it needs."""


def progress_line(
    total: int,
    left: int,
    running: Sequence[Work],
    waiting: Sequence[Waiting],
    took: Mapping[str, Sequence[float]],
    slots: int,
) -> str:
    """Return one line: tasks done, running, left, and the time left as far as it is known."""
    at_work = ", ".join(
        f"{work.name} {work.progress[0]}/{work.progress[1]}" if work.progress else work.name for work in running
    )
    seconds, complete = time_left(running, waiting, took, slots)
    eta = "" if not (running or waiting) else f"; {'about' if complete else 'more than'} {clock(seconds)} left"
    if not complete and seconds == 0:
        eta = "; time left not known yet"
    return f"study: {total - left - len(running)} of {total} done; running: {at_work or 'none'}; {left} to come{eta}"


def time_left(
    running: Sequence[Work], waiting: Sequence[Waiting], took: Mapping[str, Sequence[float]], slots: int
) -> tuple[float, bool]:
    """Return the seconds until all is done, by playing the schedule through, and whether every duration was known.

    A task takes the median of the finished ones of its kind; one that runs and has none finished, what its own progress
    says; otherwise nothing is known and 0 is taken.
    """
    known = True
    ends: list[tuple[float, str]] = []
    for work in running:
        rest = _rest(work, took)
        known &= rest is not None
        heapq.heappush(ends, (rest or 0.0, work.name))
    open_names = {name for name, _, _ in waiting} | {work.name for work in running}
    queue, now = list(waiting), 0.0
    while ends or queue:
        for item in [item for item in queue if not item[2] & (open_names - {item[0]})]:
            if len(ends) >= slots:
                break
            queue.remove(item)
            usual = _usual(took.get(item[1], ()))
            known &= usual is not None
            heapq.heappush(ends, (now + (usual or 0.0), item[0]))
        if not ends:
            return now, False  # what is left waits for something that is not on the list
        now, name = heapq.heappop(ends)
        open_names.discard(name)
    return now, known


def _rest(work: Work, took: Mapping[str, Sequence[float]]) -> float | None:
    if work.progress is not None and work.progress[0] > work.start:
        done, total = work.progress
        return work.seconds * (total - done) / (done - work.start)
    usual = _usual(took.get(work.kind, ()))
    return None if usual is None else max(0.0, usual - work.seconds)


def _usual(values: Sequence[float]) -> float | None:
    """The median: one stage that a suspended machine held up says nothing of the others."""
    return statistics.median(values) if values else None


def clock(seconds: float) -> str:
    """Return seconds as `40 s`, `12 min` or `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
