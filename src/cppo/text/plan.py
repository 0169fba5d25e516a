"""The strategy tuple as text: one strict parser, one formatter.

A plan is K lines, labelled `A:` `B:` `C:` …, one method each. Models decorate: bullets, bold labels, a fence around
the whole. The parser looks through decoration and is strict about everything that matters: the labels, their order,
exactly K of them, nothing before, between or after, and no two methods equal after normalisation.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cppo.errors import PlanError

LABELS = string.ascii_uppercase
MAX_METHOD_WORDS = 45

_LINE = re.compile(r"^(?:[-*+•]\s+)?(?:\*\*|__)?(?:Method\s+)?([A-Z])(?:\*\*|__)?\s*[:.)](?:\*\*|__)?(?:\s+|$)(.*)$")
_FENCE = re.compile(r"^```[\w-]*\s*\n(.*)\n```$", re.DOTALL)


class PlanFault(StrEnum):
    """Why a text is not a strategy tuple."""

    EMPTY = "empty"
    TRUNCATED = "truncated"
    UNLABELLED = "unlabelled"
    ORDER = "order"
    COUNT = "count"
    BLANK = "blank"
    LONG = "long"
    CODE = "code"
    DUPLICATE = "duplicate"


class PlanFormatError(PlanError):
    """A text that is not a strategy tuple. `fault` is the machine-readable reason."""

    def __init__(self, fault: PlanFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class StrategyTuple:
    """S = (s_1 … s_K): K different methods for one problem (arXiv 2605.27000, section on the policy)."""

    methods: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.methods)


def normalise_method(method: str) -> str:
    """Return the form in which methods are compared: case, spacing and closing punctuation do not make a difference.

    >>> normalise_method("  Sort by  deadline. ")
    'sort by deadline'
    """
    return " ".join(method.casefold().split()).strip(" .;:,!")


def format_plan(methods: Sequence[str]) -> str:
    """Return the canonical text of a tuple, `A: …` to the label of the last method, without a trailing newline."""
    if not 1 <= len(methods) <= len(LABELS):
        raise PlanFormatError(PlanFault.COUNT, f"a plan has 1 to {len(LABELS)} methods, given {len(methods)}")
    return "\n".join(f"{label}: {method}" for label, method in zip(LABELS, methods, strict=False))


def parse_plan(text: str, k: int) -> StrategyTuple:
    """Return the tuple of exactly `k` methods that `text` is.

    Raises `PlanFormatError` when it is not one; the message names the line and the rule.
    """
    body = text.strip()
    if fenced := _FENCE.match(body):
        body = fenced.group(1).strip()
    if not body:
        raise PlanFormatError(PlanFault.EMPTY, "the plan is empty")
    methods: list[str] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            methods.append(_parse_line(line.strip(), number, len(methods), k))
    if len(methods) != k:
        raise PlanFormatError(PlanFault.COUNT, f"the plan has {len(methods)} methods; exactly {k} are asked for")
    _refuse_duplicates(methods)
    return StrategyTuple(tuple(methods))


def _parse_line(line: str, number: int, seen: int, k: int) -> str:
    match = _LINE.match(line)
    expected = LABELS[seen] if seen < len(LABELS) else "end of the plan"
    if match is None:
        raise PlanFormatError(
            PlanFault.UNLABELLED, f"line {number} has no label (expected '{expected}:'): {line[:60]!r}"
        )
    label, method = match.group(1), _undecorated(match.group(2).strip())
    if label != expected:
        raise PlanFormatError(PlanFault.ORDER, f"line {number} is labelled '{label}:'; expected '{expected}:'")
    if seen >= k:
        raise PlanFormatError(PlanFault.COUNT, f"line {number} is one method too many; exactly {k} are asked for")
    if not normalise_method(method):
        raise PlanFormatError(PlanFault.BLANK, f"method {label} is blank")
    if "```" in method:
        raise PlanFormatError(PlanFault.CODE, f"method {label} contains code; a method is one sentence")
    if (words := len(method.split())) > MAX_METHOD_WORDS:
        raise PlanFormatError(PlanFault.LONG, f"method {label} has {words} words; at most {MAX_METHOD_WORDS}")
    return method


def _undecorated(method: str) -> str:
    """Take off the bold marks that open before the label or at the method's start and close at its end."""
    for mark in ("**", "__"):
        if not method.endswith(mark):
            continue
        if method.count(mark) % 2:
            method = method.removesuffix(mark).strip()
        elif method.startswith(mark) and method.count(mark) == 2:
            method = method.removeprefix(mark).removesuffix(mark).strip()
    return method


def _refuse_duplicates(methods: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for label, method in zip(LABELS, methods, strict=False):
        same = first.setdefault(normalise_method(method), label)
        if same != label:
            raise PlanFormatError(PlanFault.DUPLICATE, f"methods {same} and {label} are the same: {method!r}")
