"""The processes of a verifier: of its own after a fork, gone when it is closed, dropped, killed or forgotten."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from processes import alive, descendants, wait_until, wait_until_running

from cppo.errors import VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig

LIMITS = Limits(cpu_seconds=2, wall_seconds=3, memory_mb=64)
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=LIMITS)


def echo(number: int) -> str:
    return f"print({number})"


def test_a_forked_copy_starts_its_own_workers_and_leaves_its_parents_alone() -> None:
    with Verifier(VerifierConfig(workers=2)) as verifier:
        verifier.describe()
        slow = [(ECHO, f"import time\ntime.sleep(1)\nprint(7)  # {n}") for n in range(4)]
        verdicts: list[Any] = []
        thread = threading.Thread(target=lambda: verdicts.extend(verifier.verify(slow)))
        thread.start()
        assert wait_until(lambda: len(verifier.worker_pids()) == 2)
        workers = verifier.worker_pids()
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            code = 1
            try:
                code = 0 if verifier.verify([(ECHO, echo(7))])[0].passed else 1
                code |= bool(set(verifier.worker_pids()) & set(workers))
                verifier.close()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        thread.join()
        assert [verdict.passed for verdict in verdicts] == [True] * 4
        assert verifier.worker_pids() == workers
        assert verifier.verify([(ECHO, echo(7))])[0].passed


def test_a_forked_copy_may_close_what_it_never_used() -> None:
    with Verifier() as verifier:
        verifier.describe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            verifier.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert verifier.verify([(ECHO, echo(7))])[0].passed


def test_close_tells_those_who_wait() -> None:
    verifier = Verifier()
    verifier.describe()
    threading.Timer(0.5, verifier.close).start()
    with pytest.raises(VerifierError, match="closed"):
        verifier.verify([(ECHO, "import time\ntime.sleep(60)")])
    with pytest.raises(VerifierError, match="closed"):
        verifier.describe()


def test_a_verifier_that_is_dropped_leaves_no_worker() -> None:
    verifier = Verifier()
    verifier.describe()
    pids = verifier.worker_pids()
    assert [alive(pid) for pid in pids] == [True]
    del verifier
    gc.collect()
    assert wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_program_that_never_closes_its_verifier_ends_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", UNCLOSED], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    workers = [int(pid) for pid in done.stdout.split()]
    assert len(workers) == 2
    assert wait_until(lambda: not any(alive(pid) for pid in workers))


UNCLOSED = """
from cppo.problems import Problem, TestCase
from cppo.verifier import Verifier
verifier = Verifier(workers=2)
problem = Problem("a", "", [TestCase("", "")])
stream = verifier.stream((problem, f"import time\\ntime.sleep(60)  # {n}") for n in range(9))
import threading
threading.Thread(target=next, args=(stream,), daemon=True).start()
import time
while len(verifier.worker_pids()) < 2:
    time.sleep(0.01)
print(*verifier.worker_pids(), flush=True)
"""


def test_close_ends_every_worker() -> None:
    verifier = Verifier(workers=2)
    verifier.verify([(ECHO, echo(n)) for n in range(6)])
    pids = verifier.worker_pids()
    assert len(pids) == 2
    verifier.close()
    assert not any(alive(pid) for pid in pids)


CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from processes import descendants
from cppo.problems import Problem, TestCase
from cppo.verifier import Verifier
verifier = Verifier()
verifier.describe()
worker = verifier.worker_pids()[0]
print(worker, flush=True)
print(len(descendants(worker)), flush=True)
verifier.verify([(Problem("a", "", [TestCase("", "")]), "import time\\ntime.sleep(60)")])
"""


def test_a_killed_caller_leaves_no_process() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    idle = int(process.stdout.readline())
    assert wait_until_running([worker], idle + 1)  # the program's process and its test
    family = [worker, *descendants(worker)]
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_until(lambda: not any(alive(pid) for pid in family))


def test_a_killed_worker_leaves_no_process() -> None:
    with Verifier(VerifierConfig(retries=0)) as verifier:
        verifier.describe()
        worker = verifier.worker_pids()[0]
        idle = len(descendants(worker))
        family: list[int] = []

        def kill() -> None:
            wait_until_running([worker], idle + 1)
            family.extend(descendants(worker))
            os.kill(worker, signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        got = verifier.verify([(ECHO, "import time\ntime.sleep(60)")])[0]
        thread.join()
        assert got.verdict is Verdict.INFRA
        assert len(family) >= idle + 2
        assert wait_until(lambda: not any(alive(pid) for pid in family))


def test_nothing_is_left_of_many_verifiers_that_were_used_hard(tmp_path: Path) -> None:
    def use() -> None:
        with Verifier(VerifierConfig(workers=2, cache_path=str(tmp_path / "kept"))) as verifier:
            slow = [(ECHO, f"import time\ntime.sleep(0.02)\nprint(7)  # {os.urandom(8).hex()}") for _ in range(20)]
            stream = verifier.stream([*slow, (ECHO, "")])
            next(stream)
            os.kill(verifier.worker_pids()[0], signal.SIGKILL)
            next(stream)
            stream.close()
            assert all(verdict.passed for verdict in verifier.verify(slow[:2]))

    def held() -> tuple[int, int, list[int]]:
        return len(os.listdir("/proc/self/fd")), threading.active_count(), descendants(os.getpid())

    use()
    gc.collect()
    before = held()
    for _ in range(3):
        use()
    gc.collect()
    assert wait_until(lambda: held() == before), (before, held())
