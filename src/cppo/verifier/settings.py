"""The verifier's settings: what one test may use, and how many workers run them."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from cppo.config import Section
from cppo.problems import Limits
from cppo.problems.problem import LARGEST

Tier = Literal["best", "namespaces", "landlock", "rlimits"]

WALL_PER_CPU = 2.5
"""Wall seconds given for each CPU second where neither the problem nor the settings limit them."""
WALL_SECONDS = 25.0
"""The least of these where the CPU limit is not the problem's own."""


class VerifierConfig(Section):
    """Default limits of one test and the size of the worker pool. A limit that a problem sets itself wins.

    Training and evaluation must use the same settings: a pass under one set of limits is not a pass under another.
    """

    cpu_seconds: float = Field(default=10.0, gt=0, le=LARGEST["cpu_seconds"])
    """CPU seconds of one test (user and system)."""
    wall_seconds: float | None = Field(default=None, gt=0, le=LARGEST["wall_seconds"])
    """Wall-clock seconds of one test. None: 2.5 times the CPU limit, at least 25 s where the problem sets none."""
    memory_mb: float = Field(default=256.0, gt=0, le=LARGEST["memory_mb"])
    """Peak resident memory of one test in MiB, beyond the interpreter itself."""
    output_mb: float = Field(default=16.0, gt=0, le=LARGEST["output_mb"])
    """MiB that one test may write to standard output, to standard error, or to one file."""
    lines: int | None = Field(default=None, gt=0, le=LARGEST["lines"])
    """Executed source lines of one test; None: not counted. Deterministic, unlike a clock."""
    compile_seconds: float = Field(default=10.0, gt=0, le=LARGEST["wall_seconds"])
    """Seconds to compile a program, without those (10 at most) that it waited for a processor."""
    workers: int = Field(default=1, ge=1)
    """Worker processes; each runs one program at a time."""
    retries: int = Field(default=2, ge=0)
    """How often a program is run again after a failure of the verifier itself, before it is given up as INFRA."""
    isolate_tests: bool = True
    """One process per test, so that no test can see what another left behind. False, call mode only: the tests of
    a program run one after the other in one process, the module executed anew for each; about half the time when
    the tests are tiny. Whatever the program keeps outside its module (imported modules, builtins) then survives."""

    tier: Tier = "best"
    """The jail: "namespaces", else "landlock" ("best" takes the first this machine permits and refuses to run without);
    "rlimits" seals nothing and must be asked for: only for programs you trust."""
    bwrap: bool = True
    """Start the workers of the namespaces tier through `bwrap` where it is installed."""
    slice_seconds: float = Field(default=2.0, gt=0)
    """Wall-clock seconds after which a program with tests left makes way for waiting ones, and goes on later."""
    recheck_timeouts: bool = True
    """Run a program that ran out of time while it waited for a processor once more, alone, before TLE counts."""
    cache_entries: int = Field(default=100_000, ge=0)
    """Verdicts kept in memory, so that the same program on the same problem runs once. 0: none."""
    cache_path: str = ""
    """A file that keeps verdicts from one run to the next; empty: memory only."""

    def limits_for(self, limits: Limits) -> dict[str, Any]:
        """Return the limits of one test in the units of the harness: seconds, KiB of memory, bytes of output."""
        cpu = limits.cpu_seconds or self.cpu_seconds
        least = WALL_SECONDS if limits.cpu_seconds is None else 0.0
        wall = limits.wall_seconds or self.wall_seconds or max(least, WALL_PER_CPU * cpu)
        return {
            "cpu": float(cpu),
            "wall": float(wall),
            "memory": math.ceil((limits.memory_mb or self.memory_mb) * 1024),
            "output": math.ceil((limits.output_mb or self.output_mb) * 1024 * 1024),
            "lines": limits.lines or self.lines,
            "compile": self.compile_seconds,
        }
