"""What a bad plan looks like: the negatives of the plan-validity model, one function a kind.

Each takes a good tuple and returns the lines of a bad one. The lines keep their labels unless the corruption is of the
labels themselves. `first_bad` is the number of lines that are still good.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cppo.problems import Problem
from cppo.text import LABELS

FILLERS = (
    "Read the input carefully and think about what is asked.",
    "Write clean and efficient code.",
    "Use a suitable data structure.",
    "Handle all edge cases correctly.",
    "Try the best known approach.",
    "Test the program on the examples.",
    "Optimise the solution until it is fast enough.",
    "Solve the problem step by step.",
)
STEPS = (
    "First, prepare the data for this",
    "Next, carry out the main part of this",
    "Then, finish this",
    "Last, print the result of this",
)
REWORDINGS = ("Again: {}", "Use this: {}", "{} instead", "Simply {}")


@dataclass(frozen=True)
class Context:
    """What a corruption may draw on: the problem, and methods that belong to other problems."""

    problem: Problem
    foreign: Sequence[str]


@dataclass(frozen=True)
class Corrupted:
    """A bad plan: its lines, labels included, and how many of them are still good."""

    lines: tuple[str, ...]
    first_bad: int
    kind: str

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


Corruption = Callable[[Sequence[str], Context, random.Random], tuple[list[str], int]]


def labelled(methods: Sequence[str]) -> list[str]:
    """Return the methods as plan lines."""
    return [f"{label}: {method}" for label, method in zip(LABELS, methods, strict=False)]


def duplicate(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:  # noqa: ARG001
    """A method repeated, verbatim or thinly reworded."""
    source, target = sorted(rng.sample(range(len(methods)), 2))
    copy = methods[source] if rng.random() < 0.5 else rng.choice(REWORDINGS).format(methods[source])
    return labelled([*methods[:target], copy, *methods[target + 1 :]]), target


def wrong_label(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:  # noqa: ARG001
    """A label that is missing or is another line's."""
    lines, place = labelled(methods), rng.randrange(len(methods))
    if rng.random() < 0.5:
        lines[place] = methods[place]
    else:
        other = rng.choice([label for i, label in enumerate(LABELS[: len(methods) + 1]) if i != place])
        lines[place] = f"{other}: {methods[place]}"
    return lines, place


def filler(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:  # noqa: ARG001
    """A sentence that would fit any problem."""
    return _replaced(methods, rng.choice(FILLERS), rng)


def answer_leak(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:
    """An answer or a line of code where a method should be."""
    lines = [line.strip() for program in context.problem.solutions for line in program.splitlines() if "return" in line]
    outputs = [json.dumps(test.output)[:60] for test in context.problem.tests[:2]]
    choices = [f"The answer is {output}." for output in outputs] + [f"Write {line}" for line in lines]
    return _replaced(methods, rng.choice(choices or ["The answer is 42."]), rng)


def step_split(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:  # noqa: ARG001
    """One solution cut into steps that only make sense together."""
    method = rng.choice(list(methods))
    return labelled([f"{STEPS[i % len(STEPS)]}: {method}" for i in range(len(methods))]), 0


def foreign(methods: Sequence[str], context: Context, rng: random.Random) -> tuple[list[str], int]:
    """Real methods, of other problems: one line, or several."""
    strangers = [method for method in context.foreign if method not in methods]
    places = sorted(rng.sample(range(len(methods)), rng.randint(1, max(1, len(methods) // 2))))
    replaced = list(methods)
    for place, stranger in zip(places, rng.sample(strangers, min(len(places), len(strangers))), strict=False):
        replaced[place] = stranger
    if replaced == list(methods):  # no stranger is known
        return filler(methods, context, rng)
    return labelled(replaced), places[0]


CORRUPTIONS: dict[str, Corruption] = {
    "duplicate": duplicate,
    "wrong_label": wrong_label,
    "filler": filler,
    "answer_leak": answer_leak,
    "step_split": step_split,
    "foreign": foreign,
}


def corrupt(kind: str, methods: Sequence[str], context: Context, rng: random.Random) -> Corrupted:
    """Return a bad version of a good tuple. `kind` is a key of `CORRUPTIONS`."""
    lines, first_bad = CORRUPTIONS[kind](methods, context, rng)
    return Corrupted(tuple(lines), first_bad, kind)


def _replaced(methods: Sequence[str], text: str, rng: random.Random) -> tuple[list[str], int]:
    place = rng.randrange(len(methods))
    return labelled([*methods[:place], text, *methods[place + 1 :]]), place
