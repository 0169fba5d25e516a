"""The verifier awaited: batches and streams side by side, tasks cancelled, loops closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from processes import alive, descendants, wait_until, wait_until_running

from cppo.errors import DataError, VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import AsyncVerifier, Verdict, VerifierConfig
from cppo.verifier.core import window

ECHO = Problem("echo", "", [TestCase("7", "7")], limits=Limits(cpu_seconds=2, wall_seconds=20, memory_mb=64))
SLEEP = "import time\ntime.sleep(60)"


def test_batches_of_many_tasks_run_side_by_side() -> None:
    async def main() -> list[list[bool]]:
        async with AsyncVerifier(workers=2) as verifier:
            batches = [
                [(ECHO, f"print({n % 10})  # {n}") for n in range(first, first + 5)] for first in range(0, 40, 5)
            ]
            answers = await asyncio.gather(*map(verifier.verify, batches))
        return [[verdict.passed for verdict in answer] for answer in answers]

    assert asyncio.run(main()) == [[False] * 5, [False, False, True, False, False]] * 4


def test_a_small_batch_does_not_wait_for_a_big_one() -> None:
    async def main() -> int:
        async with AsyncVerifier() as verifier:
            big = [(ECHO, f"import time\ntime.sleep(0.05)\nprint(7)  # {n}") for n in range(60)]
            stream = verifier.stream(big)
            done = 0
            small = None
            async for _, verdict in stream:
                assert verdict.passed
                done += 1
                if small is None:
                    small = asyncio.create_task(verifier.verify([(ECHO, "print(8)")]))
                elif small.done():
                    break
            assert small is not None
            assert (await small)[0].verdict is Verdict.WA
            return done

    assert asyncio.run(main()) < 15


def test_a_cancelled_task_ends_its_programs_and_no_others() -> None:
    async def main() -> None:
        async with AsyncVerifier(workers=2) as verifier:
            await verifier.describe()
            idle = len(descendants(verifier.worker_pids()[0]))
            doomed = asyncio.create_task(
                verifier.verify([(ECHO, SLEEP), *[(ECHO, f"{SLEEP}  # {n}") for n in range(9)]])
            )
            other = asyncio.create_task(verifier.verify([(ECHO, "import time\ntime.sleep(2)\nprint(7)")]))
            assert await asyncio.to_thread(wait_until, lambda: len(verifier.worker_pids()) == 2)
            before = verifier.worker_pids()
            assert await asyncio.to_thread(wait_until_running, before, idle)
            doomed.cancel()
            with pytest.raises(asyncio.CancelledError):
                await doomed
            assert (await other)[0].passed
            kept = [pid for pid in before if pid in verifier.worker_pids()]
            assert len(kept) == 1
            ended = next(pid for pid in before if pid not in kept)
            assert await asyncio.to_thread(wait_until, lambda: not alive(ended))
            assert (await verifier.verify([(ECHO, "print(7)")]))[
                0
            ].passed  # nothing of the cancelled batch is in its way

    asyncio.run(main())


def test_a_timeout_of_asyncio_cancels_too() -> None:
    async def main() -> None:
        async with AsyncVerifier() as verifier:
            await verifier.describe()
            workers = verifier.worker_pids()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(verifier.verify([(ECHO, SLEEP)]), 0.5)
            assert await asyncio.to_thread(wait_until, lambda: not any(map(alive, workers)))
            assert (await verifier.verify([(ECHO, "print(7)")]))[0].passed

    asyncio.run(main())


def test_a_stream_reads_no_further_ahead_than_it_is_read() -> None:
    config = VerifierConfig(workers=2)
    read = given = ahead = 0

    async def pairs() -> AsyncIterator[tuple[Problem, str]]:
        nonlocal read
        for number in range(300):
            await asyncio.sleep(0)
            read += 1
            yield ECHO, "" if number % 50 == 3 else f"print({number % 10})  # {number}"

    async def main() -> dict[int, bool]:
        nonlocal given, ahead
        passed = {}
        async with AsyncVerifier(config) as verifier:
            async for index, verdict in verifier.stream(pairs()):
                given += 1
                ahead = max(ahead, read - given)
                passed[index] = verdict.passed
        return passed

    assert asyncio.run(main()) == {number: number % 10 == 7 for number in range(300)}
    assert ahead <= window(config)


def test_a_stream_can_be_left_and_ends_its_programs() -> None:
    async def main() -> None:
        async with AsyncVerifier() as verifier:
            await verifier.describe()
            workers = verifier.worker_pids()
            idle = len(descendants(workers[0]))
            stream = verifier.stream([(ECHO, SLEEP), (ECHO, "")])
            assert (await anext(stream))[0] == 1
            assert await asyncio.to_thread(wait_until_running, workers, idle)
            await stream.aclose()
            assert await asyncio.to_thread(wait_until, lambda: not any(map(alive, workers)))
            assert (await verifier.verify([(ECHO, "print(7)")]))[0].passed

    asyncio.run(main())


def test_errors_of_a_stream_come_through() -> None:
    def broken() -> Iterator[tuple[Problem, str]]:
        yield ECHO, SLEEP
        raise KeyError("gone")

    async def main() -> None:
        async with AsyncVerifier() as verifier:
            with pytest.raises(KeyError, match="gone"):
                _ = [item async for item in verifier.stream(broken())]
            with pytest.raises(DataError, match="problem 'none' has no tests"):
                _ = [item async for item in verifier.stream([(Problem("none", "", []), "x")])]
            with pytest.raises(DataError, match="problem 'none' has no tests"):
                await verifier.verify([(Problem("none", "", []), "x")])
            assert [item async for item in verifier.stream([])] == []

    asyncio.run(main())


def test_closing_tells_those_who_wait() -> None:
    async def main() -> None:
        verifier = AsyncVerifier()
        await verifier.describe()
        task = asyncio.create_task(verifier.verify([(ECHO, SLEEP)]))
        await asyncio.sleep(0.3)
        await verifier.close()
        with pytest.raises(VerifierError, match="closed"):
            await task
        with pytest.raises(VerifierError, match="closed"):
            await verifier.verify([(ECHO, "print(7)")])

    asyncio.run(main())


def test_one_verifier_serves_several_loops_one_after_another() -> None:
    verifier = AsyncVerifier()

    async def judge(program: str) -> bool:
        return (await verifier.verify([(ECHO, program)]))[0].passed

    async def leave() -> None:
        task = asyncio.create_task(judge(SLEEP))
        await asyncio.sleep(0.3)
        assert not task.done()  # the loop ends, and cancels it

    assert asyncio.run(judge("print(7)"))
    asyncio.run(leave())
    assert asyncio.run(judge("print(7) # again"))
    asyncio.run(verifier.close())


def test_a_worker_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")

    async def main() -> None:
        async with AsyncVerifier() as verifier:
            with pytest.raises(VerifierError, match="did not start with /bin/false"):
                await verifier.describe()
            with pytest.raises(VerifierError, match="did not start with /bin/false"):
                await verifier.verify([(ECHO, "print(7)")])

    asyncio.run(main())
