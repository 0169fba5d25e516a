"""K attempts at one problem, told as they come: plans, programs, verdicts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from cppo.episodes import Branch, Call, Episode, Sampling, Workbench
from cppo.episodes.calls import call_of
from cppo.errors import DataError, ModelError
from cppo.evaluation.methods import METHODS
from cppo.policy.engine import Completion, Done, Engine, GenerationRequest, StopReason
from cppo.problems import Problem
from cppo.seeding import derive_seed
from cppo.solve.agreement import agreement, inputs_prompt, parse_inputs, trial
from cppo.text import PromptSet
from cppo.text.program import extract_program
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig
from cppo.verifier.prepared import PreparedProblem


class Listener:
    """Hears what happens, one thing at a time; each method may be left out. `judged` may come on another thread than
    the rest."""

    def planned(self, completion: Completion) -> None:
        """A text that prepares programs is there."""

    def written(self, number: int, program: str, why: str) -> None:
        """Program `number` is there, or it is "" and `why` says why there is none."""

    def judged(self, number: int, verdict: ProgramVerdict) -> None:
        """Program `number` has been judged."""

    def trying(self, inputs: Sequence[Any]) -> None:
        """There are no tests; programs are compared on these inputs."""


@dataclass
class Attempt:
    """What came out: the branches in order of their slots, and which one to take.

    `agreement` is empty where programs were not compared; else the share of the other programs that answer as each
    does. `uncompared` says why there is neither a test nor a comparison. `asked` is the call for inputs. `best` is the
    slot of the first program that passes, of the one that most agree with, or, of programs that nothing tells apart, of
    the first; None where there is none.
    """

    problem: Problem
    method: str
    episodes: list[Episode]
    branches: list[Branch]
    best: int | None = None
    passed: bool = False
    inputs: list[Any] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)
    uncompared: str = ""
    asked: Call | None = None

    @property
    def undecided(self) -> int:
        """How many programs the verifier failed to judge."""
        return sum(branch.verdict is Verdict.INFRA for branch in self.branches)


def check_tests(problem: Problem, config: VerifierConfig) -> None:
    """Raise `DataError` for tests or a checker that programs cannot be judged by; a problem may have no tests."""
    if problem.tests:
        PreparedProblem.of(problem, config)


def attempt(
    problem: Problem,
    method: str,
    engine: Engine,
    prompts: PromptSet,
    verifier: Verifier,
    sampling: Sampling,
    seed: int,
    listener: Listener,
) -> Attempt:
    """Spend K attempts on one problem and return what came out.

    Without tests the model is asked for inputs, and programs are ranked by agreement: nothing is proved then.
    """
    telling = _Telling(engine, verifier if problem.tests else None, listener)
    bench = Workbench(telling, prompts, telling)
    episodes = METHODS[method].run([problem], sampling.k, bench, sampling, "solve", (seed, "solve"))
    telling.tell()  # a verdict is there a moment before the news of it
    branches = [branch for episode in episodes for branch in episode.branches]
    found = Attempt(problem, method, episodes, branches)
    if problem.tests:
        found.best = next((i for i, branch in enumerate(branches) if branch.passed), None)
        found.passed = found.best is not None
    else:
        _rank(found, engine, verifier, sampling, seed, listener)
    return found


def _rank(
    found: Attempt, engine: Engine, verifier: Verifier, sampling: Sampling, seed: int, listener: Listener
) -> None:
    written = [i for i, branch in enumerate(found.branches) if branch.program]
    found.best = min(written, default=None)
    if len(written) < 2:
        found.uncompared = "there are not two programs"
        return
    _ask_for_inputs(found, engine, sampling, seed, verifier.config)
    if not found.inputs:
        return
    listener.trying(found.inputs)
    tried = trial(found.problem, found.inputs)
    verdicts = verifier.verify([(tried, branch.program) for branch in found.branches], all_tests=True)
    found.agreement = agreement(verdicts, found.problem.mode)
    found.best = max(written, key=lambda i: (found.agreement[i], -i))


def _ask_for_inputs(found: Attempt, engine: Engine, sampling: Sampling, seed: int, config: VerifierConfig) -> None:
    request = GenerationRequest(
        inputs_prompt(found.problem), sampling.plan_tokens, sampling.plan_temperature, derive_seed(seed, "inputs")
    )
    try:
        (completion,) = engine.generate([request])
    except ModelError as error:  # the programs are there, and no later failure may take them away
        completion = Completion("", (), (), StopReason.ERROR, error=str(error))
    found.asked = call_of("inputs", request, completion)
    found.inputs = [value for value in parse_inputs(completion.text, found.problem) if _usable(found, value, config)]
    if not found.inputs:
        found.uncompared = completion.error or "the model wrote no input that can be used"


def _usable(found: Attempt, value: Any, config: VerifierConfig) -> bool:
    try:
        check_tests(trial(found.problem, [value]), config)
    except DataError:
        return False
    return True


class _Telling:
    """Engine and verifier of a rollout. Tells of plans and programs as they come, and of each program's verdict.

    Programs are what the caller of the engine wants to hear of. `verifier` None: there is nothing to judge by.
    """

    def __init__(self, engine: Engine, verifier: Verifier | None, listener: Listener) -> None:
        self.engine, self.verifier, self.listener = engine, verifier, listener
        self.verdicts: dict[str, Future[ProgramVerdict]] = {}
        self.untold: list[tuple[int, str]] = []
        self.telling = threading.Lock()

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Pass the requests on and tell of each answer; a server that dies costs what it had not answered."""
        came: dict[int, Completion] = {}

        def done(i: int, completion: Completion) -> None:
            came[i] = completion
            if on_done is None:
                with self.telling:
                    self.listener.planned(completion)
                return
            program = "" if completion.truncated else extract_program(completion.text)
            with self.telling:
                self.listener.written(i, program, "" if program else why_none(completion))
                self.untold.append((i, program))
            on_done(i, completion)
            self.tell()  # of a program that was judged before, once more

        try:
            return self.engine.generate(requests, done)
        except ModelError as error:
            if all(completion.stop_reason is StopReason.ERROR for completion in came.values()):
                raise
            lost = Completion("", (), (), StopReason.ERROR, error=str(error))  # what came before is not
        for i in range(len(requests)):
            if i not in came:
                done(i, lost)
        return [came[i] for i in range(len(requests))]

    def submit(self, problem: Problem, program: str) -> Future[ProgramVerdict]:
        if self.verifier is None:
            future: Future[ProgramVerdict] = Future()
            future.set_result(ProgramVerdict(Verdict.EMPTY, detail="no tests"))
            return future
        future = self.verdicts[program] = self.verifier.submit(problem, program)
        future.add_done_callback(lambda _: self.tell())
        return future

    def tell(self) -> None:
        """Tell of the verdicts that have come since the last time, one for each program, equal ones too."""
        with self.telling:
            untold, self.untold = self.untold, []
            for number, program in untold:
                future = self.verdicts.get(program)
                if future is None or not future.done():
                    self.untold.append((number, program))
                elif not future.cancelled() and future.exception() is None:
                    self.listener.judged(number, future.result())


def why_none(completion: Completion) -> str:
    """Return why a completion holds no program."""
    if completion.stop_reason is StopReason.LENGTH:
        return "cut by the token limit"
    return completion.error or "no program in the answer"
