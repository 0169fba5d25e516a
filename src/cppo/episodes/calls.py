"""One call to the model in the record of an episode: who was asked, what it cost, how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cppo.policy.engine import Completion, GenerationRequest, StopReason

SOLVER = "solver"
"""The role of every call that writes a program. All other roles prepare one."""
PLANNER = "planner"
"""The role of a call that writes a tuple of methods, or a single one."""
EMPTY = "empty"
"""How a call ended that the model ended by itself without a word; not a `StopReason`, the engine saw no fault."""
OVERFLOW = "overflow"
"""How a call ended whose prompt left no room for an answer in the model's context; `StopReason.LENGTH` without a token,
told apart because no answer was cut here: none was begun."""
DETAIL = 300
"""Characters that a record keeps of the engine's error or the verifier's excerpt."""


class Call(NamedTuple):
    """One call: role (`PLANNER`, `SOLVER`, or a stage of PlanSearch), prompt and completion tokens, and why it ended (a
    `StopReason`, `EMPTY` or `OVERFLOW`). `estimated`: the server did not report all of its tokens, some are a guess."""

    role: str
    tokens_in: int
    tokens_out: int
    stop: str
    estimated: bool = False

    @property
    def boundary(self) -> str:
        """Where an episode breaks when this call fails: `plan` or `program`."""
        return "program" if self.role == SOLVER else "plan"

    @property
    def failed(self) -> bool:
        """Whether the engine failed, the model said nothing or its context was full; a call that its token limit cut
        is none of these."""
        return self.stop in (StopReason.ERROR, EMPTY, OVERFLOW)


def call_of(role: str, request: GenerationRequest, completion: Completion) -> Call:
    """Return the record of one call."""
    stop = completion.stop_reason.value
    silent = not completion.text.removeprefix(request.prompt.opening).strip()
    if silent and completion.stop_reason in (StopReason.END, StopReason.STOP):
        stop = EMPTY
    if completion.stop_reason is StopReason.LENGTH and completion.tokens_out == 0:
        stop = OVERFLOW
    estimated = completion.usage is not None and completion.usage.estimated
    return Call(role, completion.tokens_in, completion.tokens_out, stop, estimated)


def planner_tokens(calls: Iterable[Call]) -> int:
    """Return the completion tokens of all calls but the solver's: `Episode.plan_tokens` where there are many stages."""
    return sum(call.tokens_out for call in calls if call.role != SOLVER)


def call_to_row(call: Call) -> list[Any]:
    """Return the JSON form: `[role, tokens in, tokens out, stop]`, and `true` behind it where they are estimated."""
    return list(call) if call.estimated else list(call[:-1])


def call_from_row(row: Any) -> Call:
    """Rebuild a call from its JSON form (`call_to_row`). Raises `TypeError` for anything else."""
    kinds = [str, int, int, str, bool]
    if not (isinstance(row, list) and len(row) in (4, 5) and [type(v) for v in row] == kinds[: len(row)]):
        raise TypeError(f"a call is {row!r}; it must be [role, tokens in, tokens out, stop] or [..., estimated]")
    call = Call(*row)
    if min(call.tokens_in, call.tokens_out) < 0:
        raise TypeError(f"a call is {row!r}; its tokens must not be negative")
    return call
