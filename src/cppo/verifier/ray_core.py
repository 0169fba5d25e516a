"""What `RayVerifier` and `AsyncRayVerifier` share: settings, what comes in, the actors and the connection to Ray."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cppo.errors import VerifierError
from cppo.problems import Problem
from cppo.verifier.built import Tiers, kept_key, possible_tiers
from cppo.verifier.cache import VerdictCache
from cppo.verifier.core import Batch
from cppo.verifier.intake import Intake
from cppo.verifier.job import Request
from cppo.verifier.ray_actors import Actors
from cppo.verifier.ray_calls import Judged, Program
from cppo.verifier.ray_cluster import connect, load_ray
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict

Pair = tuple[Problem, str]
Numbered = tuple[int, ProgramVerdict]


class RayFacade:
    """Settings and life of a verifier on Ray. Nothing starts before it is needed.

    `actors` of `workers` worker processes each (`config.workers` unless given); an actor asks Ray for as many CPUs.
    `address` names a cluster, as `ray.init` takes it; without it, a connection that exists is used, else RAY_ADDRESS,
    else a cluster is started here, with `store_mb` MiB for objects, and ended by `close`. `start_seconds`: how long to
    wait for an actor when there is none. Raises `VerifierError` where Ray is missing.
    """

    def __init__(
        self,
        config: VerifierConfig | None = None,
        *,
        actors: int = 2,
        workers: int | None = None,
        address: str = "",
        store_mb: float = 256.0,
        start_seconds: float = 120.0,
    ) -> None:
        config = config or VerifierConfig()
        if workers is not None:
            config = VerifierConfig.model_validate({**config.model_dump(), "workers": workers})
        if actors < 1:
            raise VerifierError(f"actors is {actors}; it must be at least 1")
        load_ray()
        self.config = config
        self._count = actors
        self._address = address
        self._store_mb = store_mb
        self._start_seconds = start_seconds
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._cache: VerdictCache | None = None
        self._intake: Intake | None = None
        self._actors: Actors | None = None
        self._disconnect: Callable[[], None] | None = None
        self._closed = False

    def _take(self, number: int, pair: Any, everything: bool) -> Program | ProgramVerdict:
        """Return a pair as a program to be judged, or its verdict when that is known; raises `DataError`."""
        taken = self._opened().take(number, pair, everything)
        return self._program(number, taken, pair) if isinstance(taken, Request) else taken

    def _take_all(self, batch: Sequence[Pair], everything: bool) -> tuple[Batch, list[Program]]:
        """Return a batch, and what of it is to be judged; raises `DataError` when any pair cannot be."""
        taken = self._opened().take_all(batch, everything)
        pairs = {one.key: pair for one, pair in zip(taken, batch, strict=True) if isinstance(one, Request)}
        wanted = Batch(taken)
        return wanted, [self._program(number, request, pairs[request.key]) for number, request in wanted.owed]

    def _take_is_prompt(self) -> bool:
        """Return whether `_take` never waits for an actor to start."""
        return self._opened().prompt

    @staticmethod
    def _program(number: int, request: Request, pair: Pair) -> Program:
        return Program(number, request.key, request.problem.key, *pair)

    def _keep(self, arrived: Iterable[Judged]) -> list[Numbered]:
        """Put verdicts into the cache and return them with the numbers of their programs."""
        found = []
        for program, verdict, tier in arrived:
            if self._cache is not None:
                self._cache.put(kept_key(program.key, tier), verdict)
            found.append((program.number, verdict))
        return found

    def _opened(self) -> Intake:
        with self._lock:
            self._check_usable()
            if self._intake is None:
                self._cache = VerdictCache(self.config.cache_entries, self.config.cache_path)
                tiers = Tiers(possible_tiers(self.config), self._told_tiers, self._describe)
                self._intake = Intake(self.config, self._cache, tiers)
            return self._intake

    def _told_tiers(self) -> set[str]:
        """Return the tiers that actors have told of: those of other machines are not this one's."""
        actors = self._actors
        return set() if actors is None else {actor.tier for actor in actors.ready}

    def _started(self) -> Actors:
        with self._lock:
            self._check_usable()
            if self._actors is None:
                self._disconnect = connect(self._address, self._count * self.config.workers, self._store_mb)
                self._actors = Actors(self.config, self._count, self._start_seconds)
            return self._actors

    def _check_usable(self) -> None:
        if self._closed:
            raise VerifierError(f"this {type(self).__name__} is closed; make a new one")
        if self._pid != os.getpid():
            raise VerifierError("Ray's connection does not outlive a fork; make a new verifier in the forked process")

    def _describe(self) -> dict[str, str]:
        actors, ray = self._started(), load_ray()
        while starting := actors.starting:
            ready, _ = ray.wait(list(starting), timeout=actors.patience(everyone=True))
            for reference in ready:
                actors.greet(starting[reference])
            if not ready:
                break
        return actors.describe()

    def _close(self) -> None:
        with self._lock:
            actors, cache, disconnect = self._actors, self._cache, self._disconnect
            self._closed, self._actors, self._cache, self._disconnect = True, None, None, None
        if self._pid != os.getpid():
            return
        with contextlib.ExitStack() as last:
            if disconnect is not None:
                last.callback(disconnect)
            if cache is not None:
                last.callback(cache.close)
            if actors is not None:
                actors.close()
