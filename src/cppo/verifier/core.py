"""What `Verifier` and `AsyncVerifier` share: settings, and what belongs to one process (intake, cache, engine)."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence

from cppo.errors import VerifierError
from cppo.verifier.built import local_tiers
from cppo.verifier.cache import VerdictCache
from cppo.verifier.engine import Engine
from cppo.verifier.intake import Intake
from cppo.verifier.job import Request
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict

_opening = threading.Lock()


def _renew_lock() -> None:
    global _opening  # another thread may have held it when this process was forked
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class Core:
    """Intake, cache and engine of one process."""

    def __init__(self, config: VerifierConfig) -> None:
        self.pid = os.getpid()
        self.cache = VerdictCache(config.cache_entries, config.cache_path)
        self.engine = Engine(config, self.cache.put)
        self.intake = Intake(config, self.cache, local_tiers(config, self.engine.ask))

    def close(self) -> None:
        """End the workers and write the cache."""
        self.engine.close()
        self.cache.close()

    def abandon(self) -> None:
        """End soon without waiting, when nobody is left who could close it."""
        if self.pid == os.getpid():
            self.engine.abandon()
            self.cache.abandon()

    def forget(self) -> None:
        """Let go of what belongs to the parent of this process."""
        self.engine.forget()
        self.cache.forget()


class Facade:
    """Settings and life of a verifier. Nothing starts before it is needed.

    In a forked copy of the process it starts anew, with workers of its own.
    """

    def __init__(self, config: VerifierConfig | None = None, *, workers: int | None = None) -> None:
        config = config or VerifierConfig()
        if workers is not None:
            config = VerifierConfig.model_validate({**config.model_dump(), "workers": workers})
        self.config = config
        self._opened: Core | None = None
        self._closed = False

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers there are now."""
        core = self._opened
        return core.engine.worker_pids() if core is not None and core.pid == os.getpid() else []

    def _core(self) -> Core:
        """Return what belongs to this process; raises `VerifierError` when closed, `DataError` for a cache that is no
        cache."""
        with _opening:
            if self._closed:
                raise VerifierError("this Verifier is closed; make a new one")
            if self._opened is not None and self._opened.pid != os.getpid():
                self._opened.forget()
                self._opened = None
            if self._opened is None:
                self._opened = Core(self.config)
                weakref.finalize(self, self._opened.abandon).atexit = False  # then workers hear the connection close
            return self._opened

    def _close(self) -> None:
        with _opening:
            self._closed = True
            core, self._opened = self._opened, None
        if core is not None:
            if core.pid == os.getpid():
                core.close()
            else:
                core.forget()


class Batch:
    """A batch with what is known of it. `owed`: what must run, each program once, numbered; `settle` takes verdicts."""

    def __init__(self, taken: Sequence[Request | ProgramVerdict]) -> None:
        self.owed: list[tuple[int, Request]] = []
        self._places: list[int | ProgramVerdict] = []
        numbers: dict[bytes, int] = {}
        for one in taken:
            if isinstance(one, Request):
                number = numbers.setdefault(one.key, len(numbers))
                if number == len(self.owed):
                    self.owed.append((number, one))
                self._places.append(number)
            else:
                self._places.append(one)
        self._found: list[ProgramVerdict | None] = [None] * len(self.owed)
        self._left = len(self.owed)

    def settle(self, number: int, verdict: ProgramVerdict) -> bool:
        """Take the verdict of an owed program; return whether it was the last."""
        self._found[number] = verdict
        self._left -= 1
        return not self._left

    def verdicts(self) -> list[ProgramVerdict]:
        """Return the verdict of every pair, in order."""
        found = (self._found[place] if isinstance(place, int) else place for place in self._places)
        return [verdict for verdict in found if verdict is not None]


def window(config: VerifierConfig) -> int:
    """Return how many programs of a stream are in flight: enough to keep every worker busy."""
    return 8 + 4 * config.workers
