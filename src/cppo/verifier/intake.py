"""What comes in: pairs of problem and program checked and made ready, verdicts that are known at once given back."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Any

from cppo.errors import DataError
from cppo.problems import Problem, TestCase
from cppo.verifier.built import Tiers, kept_key
from cppo.verifier.cache import VerdictCache
from cppo.verifier.job import Request
from cppo.verifier.prepared import PreparedProblem
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict, Verdict

PROGRAM_BYTES = 64 << 20
"""A longer program is not handed to a worker; it is CE."""
KEPT_BYTES, KEPT_PROBLEMS = 64 << 20, 256
"""Problems kept ready for the next program, by the size of their inputs; the last is kept whatever its size."""

Prepared = dict[int, tuple[Problem, PreparedProblem]]
"""Problems made ready, by identity. The problem is held: that of one which is freed is given to the next."""

_EMPTY = ProgramVerdict(Verdict.EMPTY, (), "there is no program")


class Intake:
    """Checks and prepares, each problem once while its programs come. For any thread.

    A verdict is known when it is kept under a tier of the jail that workers get here.
    """

    def __init__(self, config: VerifierConfig, cache: VerdictCache, tiers: Tiers) -> None:
        self._config = config
        self._cache = cache
        self._tiers = tiers
        self._lock = threading.Lock()
        # By identity only what cannot change: a problem in stdin mode with the very same tests, whose texts are fixed.
        self._recent: OrderedDict[int, tuple[Problem, list[TestCase], PreparedProblem]] = OrderedDict()
        self._recent_bytes = 0
        self._alive: weakref.WeakValueDictionary[bytes, PreparedProblem] = weakref.WeakValueDictionary()

    @property
    def prompt(self) -> bool:
        """Whether `take` never waits for a worker to start."""
        return bool(self._tiers.known())

    def take_all(self, batch: Sequence[Any], everything: bool) -> list[Request | ProgramVerdict]:
        """Return for each pair of a batch what `take` returns."""
        prepared: Prepared = {}
        return [self.take(index, pair, everything, prepared) for index, pair in enumerate(batch)]

    def take(
        self, index: int, pair: Any, everything: bool, prepared_before: Prepared | None = None
    ) -> Request | ProgramVerdict:
        """Return what is to be run for a pair of (problem, program), or its verdict when that is known already.

        `prepared_before`: problems of the same batch, kept here too. Raises `DataError` that names item `index`, or the
        problem and its test; `VerifierError` when it needs the word of a worker and none can be started.
        """
        problem, program = _checked(index, pair)
        before = prepared_before.get(id(problem)) if prepared_before is not None else None
        if before is not None and before[0] is problem:
            prepared = before[1]
        else:
            prepared = self._prepared(problem)
            if prepared_before is not None:
                prepared_before[id(problem)] = problem, prepared
        if not program.strip():
            return _EMPTY
        source = program.encode("utf-8", "surrogatepass")
        if len(source) > PROGRAM_BYTES:
            words = f"the program has {len(source) >> 20} MiB; allowed: at most {PROGRAM_BYTES >> 20}"
            return ProgramVerdict(Verdict.CE, (), words)
        key = prepared.program_key(source, everything)
        return self._kept(key) or Request(prepared, source, everything, key)

    def _kept(self, key: bytes) -> ProgramVerdict | None:
        """Return the verdict kept under `key` for a tier in use; workers are asked for it only if that decides."""
        tiers = self._tiers.known()
        if not tiers and self._find(key, self._tiers.possible):
            self._tiers.ask()
            tiers = self._tiers.known()
        return self._find(key, tiers)

    def _find(self, key: bytes, tiers: Collection[str]) -> ProgramVerdict | None:
        found = (self._cache.get(kept_key(key, tier)) for tier in sorted(tiers))
        return next((verdict for verdict in found if verdict is not None), None)

    def _prepared(self, problem: Problem) -> PreparedProblem:
        with self._lock:
            recent = self._recent.get(id(problem))
            if recent is not None and recent[0] is problem and _same(recent[1], problem):
                self._recent.move_to_end(id(problem))
                return recent[2]
        tests = list(problem.tests)
        prepared = PreparedProblem.of(problem, self._config)
        with self._lock:
            prepared = self._alive.setdefault(prepared.key, prepared)  # one copy of the inputs, however often it comes
            if problem.mode == "stdin":
                self._keep(problem, tests, prepared)
        return prepared

    def _keep(self, problem: Problem, tests: list[TestCase], prepared: PreparedProblem) -> None:
        self._drop(id(problem))
        self._recent[id(problem)] = (problem, tests, prepared)
        self._recent_bytes += prepared.input_bytes
        while len(self._recent) > (1 if self._recent_bytes > KEPT_BYTES else KEPT_PROBLEMS):
            self._drop(next(iter(self._recent)))

    def _drop(self, identity: int) -> None:
        dropped = self._recent.pop(identity, None)
        if dropped is not None:
            self._recent_bytes -= dropped[2].input_bytes


def _same(tests: list[TestCase], problem: Problem) -> bool:
    return len(tests) == len(problem.tests) and all(a is b for a, b in zip(tests, problem.tests, strict=True))


def _checked(index: int, pair: Any) -> tuple[Problem, str]:
    match pair:
        case (Problem() as problem, str() as program):
            return problem, program
    kinds = tuple(type(part).__name__ for part in pair) if isinstance(pair, (tuple, list)) else type(pair).__name__
    raise DataError(f"batch item {index} is {kinds}; each must be (Problem, program text)")
