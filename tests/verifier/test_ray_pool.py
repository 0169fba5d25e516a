"""The verifier on a local Ray cluster of two workers: the same verdicts, nothing lost, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cppo.errors import DataError, VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verifier, VerifierConfig
from cppo.verifier.ray_actors import Actor
from cppo.verifier.ray_calls import CHUNK
from cppo.verifier.ray_pool import AsyncRayVerifier, RayVerifier

LIMITS = Limits(cpu_seconds=1, wall_seconds=10, memory_mb=64)
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=LIMITS, metadata={"unsendable": lambda: 0})
ADD = Problem("add", "", [TestCase([1, 2], 3), TestCase([2, 2], 4), TestCase([0, 0], 0)], "call", "add", limits=LIMITS)
PATIENT = Problem("patient", "", [TestCase("7", "7")], limits=Limits(wall_seconds=100))
MIXED = [
    (ECHO, "print(7)"),
    (ECHO, "print(8)"),
    (ADD, "def add(a, b): return a + b"),
    (ADD, "def add(a, b): return a * b"),
    (ECHO, "raise ValueError"),
    (ECHO, "print(7"),
    (ECHO, ""),
    (ECHO, "while True: pass"),
    (ECHO, "print(input())"),
    (ADD, "def add(a, b): return 4 if b else 0"),
]
WORDS = ["AC", "WA", "AC", "WA", "RE", "CE", "EMPTY", "TLE", "AC", "WA"]


QUICK = [pair for pair in MIXED if "while True" not in pair[1]]


def slow_echo(number: int, seconds: float = 0.1) -> str:
    return f"import time\ntime.sleep({seconds})\nprint({7 if number % 2 else 6})  # {number}"


def outcomes(verdicts: list[ProgramVerdict]) -> list[Any]:
    """What must not depend on where a program ran."""
    return [(v.verdict, v.detail, [(test.verdict, test.detail) for test in v.tests]) for v in verdicts]


def gone(processes: set[psutil.Process], seconds: float = 20) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not alive


def ended(pid: int, seconds: float = 30) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return gone({psutil.Process(pid)}, seconds)
    return True


def actor_pid(verifier: Any, number: int) -> int:
    actor = verifier._started().ready[number]
    return int(actor.report["process"])


@pytest.fixture(scope="module")
def ray_installed() -> Any:
    return pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster(ray_installed: Any) -> Iterator[Any]:
    """A cluster of two processors that was there before the verifier."""
    ray = ray_installed
    os.environ.setdefault("RAY_AUTH_TOKEN", "0" * 64)
    ray.init(address="local", num_cpus=2, object_store_memory=80 * 2**20, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.fixture
def verifier(cluster: Any) -> Iterator[RayVerifier]:  # noqa: ARG001 - it must run
    with RayVerifier(actors=2) as verifier:
        yield verifier


def test_neither_the_verifier_nor_its_ray_pool_imports_ray() -> None:
    code = "import sys, cppo.verifier.ray_pool; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_ray_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for kind in (RayVerifier, AsyncRayVerifier):
        with pytest.raises(VerifierError, match=r"pip install 'cppo\[ray\]'"):
            kind()


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize(("address", "words"), [("127.0.0.1:1", "refused"), ("here", "Invalid address")])
def test_an_address_where_no_cluster_is_is_an_error_that_names_it(address: str, words: str) -> None:
    words = f"no Ray cluster answers at '{address}': .*{words}"
    with RayVerifier(address=address) as verifier, pytest.raises(VerifierError, match=words):
        verifier.verify([(ECHO, "print(7)")])


@pytest.mark.usefixtures("ray_installed")
def test_settings_are_those_of_the_verifier() -> None:
    assert RayVerifier(VerifierConfig(cpu_seconds=1), workers=3).config == VerifierConfig(cpu_seconds=1, workers=3)
    with pytest.raises(VerifierError, match="actors is 0; it must be at least 1"):
        RayVerifier(actors=0)


@pytest.mark.ray
def test_verdicts_are_those_of_the_local_verifier(verifier: RayVerifier) -> None:
    with Verifier() as local:
        assert [v.verdict.value for v in local.verify(MIXED)] == WORDS
        for everything in (False, True):
            expected = outcomes(local.verify(MIXED, all_tests=everything))
            assert outcomes(verifier.verify(MIXED * 2, all_tests=everything)) == expected * 2


@pytest.mark.ray
def test_programs_are_submitted_one_by_one(verifier: RayVerifier) -> None:
    futures = [verifier.submit(problem, program) for problem, program in MIXED]
    assert [future.result(60).verdict.value for future in futures] == WORDS
    assert verifier.submit(*MIXED[0]).done()  # kept


@pytest.mark.ray
def test_the_interpreter_of_the_actors_is_described(verifier: RayVerifier) -> None:
    words = verifier.describe()
    with Verifier() as local:
        assert words["python"] == local.describe()["python"]
    assert words["actors"].startswith("2 of 1 worker processes each, on ")


@pytest.mark.ray
def test_a_killed_actor_is_replaced_and_nothing_is_lost(verifier: RayVerifier) -> None:
    verifier.describe()
    victim = actor_pid(verifier, 0)
    timer = threading.Timer(0.8, os.kill, (victim, signal.SIGKILL))
    timer.start()
    verdicts = verifier.verify([(ECHO, slow_echo(number)) for number in range(40)])
    timer.join()
    assert [verdict.verdict.value for verdict in verdicts] == ["WA", "AC"] * 20
    assert not psutil.pid_exists(victim)
    verifier.describe()
    assert victim not in [actor_pid(verifier, number) for number in range(2)]


class Deadly(Problem):
    """Ends the process that receives it."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_what_always_kills_its_actor_is_infra_and_its_siblings_are_not() -> None:
    deadly = Deadly("deadly", "", [TestCase("another problem", "7")], limits=LIMITS)
    batch = [(ECHO, slow_echo(number)) for number in range(1, 9, 2)]
    batch[2:2] = [(deadly, "print(7)")]
    with RayVerifier(VerifierConfig(retries=1), actors=1) as verifier:
        verdicts = verifier.verify(batch)
        assert [verdict.verdict.value for verdict in verdicts] == ["AC", "AC", "INFRA", "AC", "AC"], verdicts
        assert verdicts[2].detail.startswith("the verifier failed: The actor died")
        assert verifier.verify([(ECHO, "print(7)")])[0].passed


@pytest.mark.ray
def test_a_stream_is_read_only_as_far_as_the_actors_can_hold(verifier: RayVerifier) -> None:
    read = 0

    def pairs() -> Iterator[tuple[Problem, str]]:
        nonlocal read
        for read in range(1, 121):
            yield ECHO, f"print({read % 10})  # {read}"

    found = {}
    for index, verdict in verifier.stream(pairs()):
        found[index] = verdict.passed
        # Two actors with three chunks each, and the chunk whose verdicts are being yielded.
        assert read - len(found) <= (2 * 3 + 1) * CHUNK
    assert [found[index] for index in range(120)] == [number % 10 == 7 for number in range(1, 121)]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process started in the background of a script inherits an ignored SIGINT; this test needs it heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.ray
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_call_ends_what_it_runs(verifier: RayVerifier) -> None:
    verifier.describe()
    threading.Timer(1, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        verifier.verify([(PATIENT, slow_echo(number, 60)) for number in range(20)])
    started = time.monotonic()
    assert verifier.verify([(ECHO, "print(7)")])[0].passed
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ((Problem("none", "", []), "print()"), "problem 'none' has no tests"),
        ((Problem("odd", "", [TestCase("", "")], checker="exacty"), "x"), "problem 'odd': unknown checker 'exacty'"),
        ((ECHO, None), "batch item 1 is .*'NoneType'"),
    ],
)
def test_unusable_batches_are_refused_before_anything_runs(pair: Any, words: str) -> None:
    with RayVerifier() as verifier:
        with pytest.raises(DataError, match=words):
            verifier.verify([(ECHO, "print(7)"), pair])
        assert verifier._actors is None


@pytest.mark.usefixtures("ray_installed")
def test_an_empty_batch_starts_nothing() -> None:
    with RayVerifier() as verifier:
        assert verifier.verify([]) == []
        assert verifier._actors is None


@pytest.mark.usefixtures("ray_installed")
def test_what_is_known_is_not_run_again(tmp_path: Path) -> None:
    config = VerifierConfig(cache_path=str(tmp_path / "verdicts"))
    with Verifier(config) as local:
        expected = local.verify(QUICK)
        tier = local.describe()["tier"]
    with RayVerifier(VerifierConfig.model_validate({**config.model_dump(), "tier": tier})) as verifier:
        assert verifier.verify(QUICK) == expected
        assert dict(verifier.stream(QUICK)) == dict(enumerate(expected))
        assert verifier._actors is None


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("same", [True, False])
def test_what_is_known_of_another_tier_is_run_again(tmp_path: Path, same: bool) -> None:
    """Which tier "best" is on the machines of the cluster, actors say; what is kept was made on this machine."""
    config = VerifierConfig(cache_path=str(tmp_path / "verdicts"))
    with Verifier(config) as local:
        expected = local.verify(QUICK)
        tier = local.describe()["tier"]

    async def main(verifier: AsyncRayVerifier) -> dict[int, ProgramVerdict]:
        async with verifier:
            return dict([found async for found in verifier.stream(QUICK)])

    with pytest.MonkeyPatch.context() as patch:
        if not same:  # what an actor says of itself, as the caller understands it
            patch.setattr(Actor, "tier", property(lambda _: "rlimits" if tier == "landlock" else "landlock"))
        with RayVerifier(config, actors=1) as verifier:
            found = verifier.verify(QUICK)
            assert verifier._actors is not None
            assert verifier.verify(QUICK) == found
        assert (found == expected) is same  # the measured times too
        assert outcomes(found) == outcomes(expected)
        assert asyncio.run(main(AsyncRayVerifier(config, actors=1))) == dict(enumerate(found))


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_verdicts_of_actors_are_kept_here() -> None:
    with RayVerifier() as verifier:
        first = verifier.verify(QUICK)
        assert verifier.verify(QUICK) == first  # the measured times too


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_another_version_on_a_machine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cppo.verifier.ray_actors.harness_version", lambda: "another")
    with RayVerifier(actors=1) as verifier, pytest.raises(VerifierError, match="has another version of cppo or of"):
        verifier.verify([(ECHO, "print(7)")])


@pytest.mark.ray
def test_a_connection_that_exists_is_not_given_up_for_another_address(cluster: Any) -> None:
    here = cluster.get_runtime_context().gcs_address
    words = f"connected to the Ray cluster at {here} already"
    with RayVerifier(address="192.0.2.77:6379") as verifier, pytest.raises(VerifierError, match=words):
        verifier.verify([(ECHO, "print(7)")])
    with RayVerifier(actors=1, address=here) as verifier:
        assert verifier.verify([(ECHO, "print(7)")])[0].passed
    assert cluster.is_initialized()


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_a_cluster_without_room_is_an_error_that_says_what_is_needed() -> None:
    words = "none of 1 Ray actors started within 2 s; each needs 3 CPU, the cluster has 2, of which 2 are free"
    with RayVerifier(actors=1, workers=3, start_seconds=2) as verifier, pytest.raises(VerifierError, match=words):
        verifier.verify([(ECHO, "print(7)")])


@pytest.mark.ray
def test_closing_ends_actors_and_jails_and_keeps_a_cluster_that_was_there(cluster: Any) -> None:
    with RayVerifier() as verifier:
        verifier.describe()  # waits for both
        verifier.verify(QUICK)
        actors = {psutil.Process(actor_pid(verifier, number)) for number in range(2)}
        inside = {child for actor in actors for child in actor.children(recursive=True)}
        assert len(inside) >= 2
    assert gone(actors | inside)
    assert cluster.is_initialized()
    with pytest.raises(VerifierError, match="this RayVerifier is closed"):
        verifier.verify(QUICK)


@pytest.mark.ray
def test_several_threads_may_call_at_once(verifier: RayVerifier) -> None:
    results: dict[int, list[bool]] = {}

    def work(thread: int) -> None:
        batch = [(ECHO, f"print({number % 10})  # {thread}") for number in range(thread, thread + 12)]
        results[thread] = [verdict.passed for verdict in verifier.verify(batch)]

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {thread: [n % 10 == 7 for n in range(thread, thread + 12)] for thread in range(3)}


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_asynchronous_calls() -> None:
    async def source() -> AsyncIterator[tuple[Problem, str]]:
        for number in range(10):
            await asyncio.sleep(0.01)
            yield ECHO, f"print({number})"

    async def main() -> None:
        async with AsyncRayVerifier(actors=2) as verifier:
            both = await asyncio.gather(verifier.verify(MIXED), verifier.verify(MIXED[::-1]))
            assert [[v.verdict.value for v in verdicts] for verdicts in both] == [WORDS, WORDS[::-1]]
            found = {index: verdict.passed async for index, verdict in verifier.stream(source())}
            assert found == {number: number == 7 for number in range(10)}
            task = asyncio.create_task(verifier.verify([(PATIENT, slow_echo(number, 60)) for number in range(20)]))
            await asyncio.sleep(1)
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await verifier.verify([(ECHO, "print(7)")]))[0].passed
            assert time.monotonic() - started < 30
            assert (await verifier.describe())["actors"].startswith("2 of 1 worker")
        with pytest.raises(VerifierError, match="this AsyncRayVerifier is closed"):
            await verifier.verify(MIXED)

    asyncio.run(main())


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_a_source_that_waits_for_verdicts_gets_them() -> None:
    async def main() -> list[int]:
        seen = asyncio.Semaphore(1)

        async def source() -> AsyncIterator[tuple[Problem, str]]:
            for number in range(5):
                await seen.acquire()
                yield ECHO, f"print({number})"

        order = []
        async with AsyncRayVerifier(actors=1) as verifier:
            async for index, _ in verifier.stream(source()):
                order.append(index)
                seen.release()
        return order

    assert asyncio.run(asyncio.wait_for(main(), 60)) == [0, 1, 2, 3, 4]


OWN_CLUSTER = """
import contextlib, os, signal, sys, tempfile
import psutil
from cppo.problems import Problem, TestCase
from cppo.verifier.ray_pool import RayVerifier

tempfile.tempdir = sys.argv[1]
signal.signal(signal.SIGTERM, lambda *_: None)
handler = signal.getsignal(signal.SIGTERM)
verifier = RayVerifier(actors=2, store_mb=80)
verdict = verifier.verify([(Problem("p", "", [TestCase("", "7")]), "print(7)")])[0]
assert verdict.passed, verdict
assert signal.getsignal(signal.SIGTERM) is handler
running = psutil.Process().children(recursive=True)
if sys.argv[2] == "killed":  # Ray's own agents notice within a minute
    judges = []
    for process in running:
        with contextlib.suppress(psutil.NoSuchProcess):  # a helper of Ray's that has done its work
            judges += [process] if process.name() == "ray::Judge" else []
    assert judges
    running = [*judges, *(child for judge in judges for child in judge.children(recursive=True))]
print(*[process.pid for process in running], flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
assert os.listdir(sys.argv[1])
verifier.close()
assert not psutil.wait_procs(running, timeout=20)[1]
assert not os.listdir(sys.argv[1])
"""


@pytest.mark.ray
@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize("ending", ["closed", "killed"])
def test_a_cluster_of_its_own_is_ended_with_the_verifier(ending: str) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        command = [sys.executable, "-c", OWN_CLUSTER, scratch, ending]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == (0 if ending == "closed" else -signal.SIGKILL), done.stderr
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) >= 4  # two actors and their jails at the least
    assert all(ended(pid) for pid in pids)
    assert "Traceback" not in done.stderr
