"""One call of the verifier on Ray: programs in chunks to actors, verdicts back, lost programs once more."""

from __future__ import annotations

import pickle
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cppo.problems import Problem
from cppo.verifier.ray_actors import KEPT_PROBLEMS, Actor, Actors, cause_of, first_line
from cppo.verifier.ray_cluster import load_ray
from cppo.verifier.verdict import ProgramVerdict, Verdict

CHUNK = 4
"""Programs that go to an actor together: few, because their verdicts come back together."""

SPARE = 2
"""Chunks of one call that an actor holds beyond one for each worker, so that neither a slow program in each of many
chunks nor the way back leaves a worker without work."""


@dataclass
class Program:
    """One program of a call, numbered. `key` names its verdict in one tier, `problem_key` what its problem holds."""

    number: int
    key: bytes
    problem_key: bytes
    problem: Problem
    source: str


class Judged(NamedTuple):
    """A program, its verdict, and the tier of the jail it was made in."""

    program: Program
    verdict: ProgramVerdict
    tier: str


@dataclass
class Chunk:
    """Programs that go to an actor together, and the references of their problems by key.

    `deaths`: how many actors died with them. `alone`: their actor gets nothing else meanwhile.
    """

    programs: Sequence[Program]
    problems: dict[bytes, Any]
    deaths: int = 0
    alone: bool = False


class Call:
    """The chunks of one call that are under way. Not for several threads at once."""

    def __init__(self, actors: Actors, everything: bool) -> None:
        self._ray = load_ray()
        self._actors = actors
        self._everything = everything
        self._sent: OrderedDict[bytes, Any] = OrderedDict()
        self._running: dict[Any, tuple[Actor, Chunk]] = {}
        self._waiting: deque[Chunk] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waits to be sent."""
        return not (self._running or self._waiting)

    def has_room(self) -> bool:
        """Return whether there is an actor for another chunk."""
        self._dispatch()
        return not self._waiting and self._free_actor() is not None

    def give(self, programs: Sequence[Program]) -> None:
        """Send programs to the actor that has least to do, as soon as one has room."""
        if programs:
            self._waiting.append(
                Chunk(programs, {program.problem_key: self._reference(program) for program in programs})
            )

    def awaited(self) -> list[Any]:
        """Return the references something will come by, once what can be sent is sent; `take` each that is ready."""
        self._dispatch()
        return [*self._running, *self._actors.starting]

    def take(self, reference: Any) -> list[Judged]:
        """Return the verdicts that a ready reference brings. Raises `VerifierError` when actors cannot work at all."""
        if reference not in self._running:
            if actor := self._actors.starting.get(reference):
                self._actors.greet(actor)
            return []
        actor, chunk = self._running.pop(reference)
        try:
            verdicts = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise cause_of(error) from error
        except self._ray.exceptions.RayError as error:
            self._actors.replace(actor)
            return self._lost(chunk, first_line(error))
        return [Judged(*pair, actor.tier) for pair in zip(chunk.programs, verdicts, strict=True)]

    def cancel(self) -> None:
        """Stop what is under way; other calls are not disturbed."""
        if self._ray.is_initialized():
            for reference in self._running:
                self._ray.cancel(reference)
        self._running.clear()
        self._waiting.clear()

    def _lost(self, chunk: Chunk, reason: str) -> list[Judged]:
        """Have the programs of a lost chunk tried again; return the verdicts of those given up.

        The last try is made with each by itself: what kills its actor then takes no other program with it.
        """
        retries, deaths = self._actors.config.retries, chunk.deaths + 1
        if deaths > retries:
            given_up = ProgramVerdict(Verdict.INFRA, (), f"the verifier failed: {reason}")
            return [Judged(program, given_up, "") for program in chunk.programs]
        groups = [[program] for program in chunk.programs] if deaths == retries else [chunk.programs]
        for programs in groups:
            problems = {program.problem_key: chunk.problems[program.problem_key] for program in programs}
            self._waiting.append(Chunk(programs, problems, deaths, alone=deaths == retries))
        return []

    def _reference(self, program: Program) -> Any:
        """Return the reference of a program's problem, which is sent once while its programs follow each other."""
        key, problem = program.problem_key, program.problem
        if key not in self._sent:
            # What judges needs no statement, and metadata may hold what cannot travel.
            bare = replace(problem, statement="", starter_code="", difficulty="", source="", solutions=(), metadata={})
            self._sent[key] = self._ray.put(pickle.dumps(bare))
        self._sent.move_to_end(key)
        while len(self._sent) > KEPT_PROBLEMS:
            self._sent.popitem(last=False)
        return self._sent[key]

    def _dispatch(self) -> None:
        while self._waiting and (actor := self._free_actor(alone=self._waiting[0].alone)):
            self._send(actor, self._waiting.popleft())

    def _free_actor(self, *, alone: bool = False) -> Actor | None:
        """Return the actor that has least to do for this call; None: all have enough."""
        held: dict[Actor, list[Chunk]] = {actor: [] for actor in self._actors.ready}
        for actor, chunk in self._running.values():
            if actor in held:
                held[actor].append(chunk)
        most = 1 if alone else SPARE + self._actors.config.workers
        free = [a for a, chunks in held.items() if len(chunks) < most and not any(chunk.alone for chunk in chunks)]
        return min(free, key=lambda actor: len(held[actor]), default=None)

    def _send(self, actor: Actor, chunk: Chunk) -> None:
        programs = [(program.problem_key, program.source) for program in chunk.programs]
        reference = actor.handle.judge.remote(programs, chunk.problems, self._everything)
        self._running[reference] = (actor, chunk)
