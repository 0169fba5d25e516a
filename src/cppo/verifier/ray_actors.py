"""The actors: each holds a verifier of its own. Who is ready, who has how much to do, and what replaces the dead."""

from __future__ import annotations

import contextlib
import os
import pickle
import platform
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cppo.errors import CppoError, VerifierError
from cppo.problems import Problem
from cppo.verifier.async_pool import AsyncVerifier
from cppo.verifier.prepared import harness_version
from cppo.verifier.ray_cluster import load_ray
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict

KEPT_PROBLEMS = 16
"""How many problems an actor keeps, so that they need not be fetched again for the next chunk."""

NAMES = ("machine", "process", "version")
"""What a report holds beside what the verifier describes."""

CLOSE_SECONDS = 5.0

NAMED = 4
"""How many different answers or machines a description names."""


class Judge:
    """What runs in an actor: a verifier, and the problems it saw last."""

    def __init__(self, config: VerifierConfig) -> None:
        # Verdicts are kept where they are asked for, and a cache file is a file of that machine.
        self._verifier = AsyncVerifier(config.model_copy(update={"cache_entries": 0, "cache_path": ""}))
        self._problems: OrderedDict[bytes, Problem] = OrderedDict()

    async def greet(self) -> dict[str, str]:
        """Start a worker and return what it isolates; raises `VerifierError` where no jail can be built."""
        isolates = await self._verifier.describe()
        return {**isolates, "machine": platform.node(), "process": str(os.getpid()), "version": harness_version()}

    async def judge(
        self, programs: Sequence[tuple[bytes, str]], problems: Mapping[bytes, Any], everything: bool
    ) -> list[ProgramVerdict]:
        """Return the verdicts of `programs`, each (key of its problem, source). `problems`: key → reference."""
        found = {key: await self._problem(key, reference) for key, reference in problems.items()}
        return await self._verifier.verify([(found[key], source) for key, source in programs], all_tests=everything)

    async def close(self) -> None:
        """End the workers."""
        await self._verifier.close()

    async def _problem(self, key: bytes, reference: Any) -> Problem:
        if key not in self._problems:
            self._problems[key] = pickle.loads(await reference)
        self._problems.move_to_end(key)
        while len(self._problems) > KEPT_PROBLEMS:
            self._problems.popitem(last=False)
        return self._problems[key]


@dataclass(eq=False)
class Actor:
    """One actor. `greeting` is the reference to its first answer; `report` that answer, None until it came."""

    handle: Any
    greeting: Any
    report: dict[str, str] | None = None

    @property
    def tier(self) -> str:
        """The tier of the jail that its workers get; empty until it has answered."""
        return self.report["tier"] if self.report is not None else ""


class Actors:
    """A fixed number of actors, shared by all calls. Safe for several threads."""

    def __init__(self, config: VerifierConfig, count: int, start_seconds: float) -> None:
        self._ray = load_ray()
        self.config = config
        self._count = count
        self._start_seconds = start_seconds
        self._deadline = time.monotonic() + start_seconds
        self._failed_starts = 0
        self._closed = False
        self._lock = threading.Lock()
        options = {"num_cpus": config.workers, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
        self._class = self._ray.remote(**options)(Judge)
        self._actors = [self._start() for _ in range(count)]

    @property
    def ready(self) -> list[Actor]:
        """Those that can be given work."""
        with self._lock:
            return [actor for actor in self._actors if actor.report is not None]

    @property
    def starting(self) -> dict[Any, Actor]:
        """Those still to be heard of, by the reference of their greeting."""
        with self._lock:
            return {actor.greeting: actor for actor in self._actors if actor.report is None}

    def patience(self, *, everyone: bool = False) -> float | None:
        """Return how many seconds to wait for an actor to start; None: no matter how long, as some are ready.

        `everyone`: for all of them, as long as it takes one to start. Raises `VerifierError` when none came in time.
        """
        left = self._deadline - time.monotonic()
        if self.ready:
            return max(0.0, left) if everyone else None
        if self._closed:
            raise VerifierError("the verifier was closed while it was at work")
        if left > 0:
            return left
        have, free = (
            source().get("CPU", 0.0) for source in (self._ray.cluster_resources, self._ray.available_resources)
        )
        raise VerifierError(
            f"none of {self._count} Ray actors started within {self._start_seconds:g} s; each needs "
            f"{self.config.workers} CPU, the cluster has {have:g}, of which {free:g} are free; ask for fewer actors or "
            "workers, or give the cluster more"
        )

    def greet(self, actor: Actor) -> None:
        """Take the first answer of an actor; replaces it where it died. Raises `VerifierError` when it cannot work."""
        try:
            report = self._ray.get(actor.greeting)
        except self._ray.exceptions.RayTaskError as error:
            raise cause_of(error) from error
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts > self.config.retries:
                raise VerifierError(f"Ray actors die as soon as they start: {first_line(error)}") from error
            self.replace(actor)
            return
        if report["version"] != harness_version():
            raise VerifierError(
                f"machine {report['machine']} has another version of cppo or of Python than this one, so that its "
                "verdicts would be others; install the same on all machines of the cluster"
            )
        actor.report = report
        self._failed_starts = 0

    def replace(self, actor: Actor) -> None:
        """Start another actor in the place of a dead one, once however often it is reported."""
        with self._lock:
            if actor in self._actors:
                self._kill(actor)
                self._deadline = time.monotonic() + self._start_seconds
                self._actors[self._actors.index(actor)] = self._start()

    def describe(self) -> dict[str, str]:
        """Return what the ready actors isolate and how many they are; where they differ, each answer and its share."""
        reports = [actor.report for actor in self.ready if actor.report is not None]
        words = {}
        for name in dict.fromkeys(name for report in reports for name in report if name not in NAMES):
            answers = Counter(report.get(name, "unknown") for report in reports).most_common()
            shares = [f"{answer} ({share} of {len(reports)} actors)" for answer, share in answers[:NAMED]]
            rest = [f"and {len(answers) - NAMED} others"] if len(answers) > NAMED else []
            words[name] = answers[0][0] if len(answers) == 1 else "; ".join(shares + rest)
        machines = sorted({report["machine"] for report in reports})
        where = ", ".join(machines) if len(machines) <= NAMED else f"{len(machines)} machines"
        words["actors"] = f"{len(reports)} of {self.config.workers} worker processes each, on {where}"
        return words

    def close(self) -> None:
        """End all actors and what runs in them."""
        with self._lock:
            actors, self._actors, self._closed = self._actors, [], True
        if self._ray.is_initialized():
            goodbyes = [actor.handle.close.remote() for actor in actors if actor.report is not None]
            if goodbyes:
                self._ray.wait(goodbyes, num_returns=len(goodbyes), timeout=CLOSE_SECONDS)
            for actor in actors:
                self._kill(actor)

    def _start(self) -> Actor:
        handle = self._class.remote(self.config)
        return Actor(handle, handle.greet.remote())

    def _kill(self, actor: Actor) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor.handle)


def cause_of(error: Any) -> CppoError:
    """Return what an actor raised, as an error of this package."""
    cause = error.cause
    return cause if isinstance(cause, CppoError) else VerifierError(f"a Ray actor failed: {cause!r}")


def first_line(error: BaseException) -> str:
    """Return an error's first line; Ray's go on with what helps nobody here."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
