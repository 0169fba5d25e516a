"""A kept verdict is served only to who runs programs in the tier of the jail it was made in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_worker import ScriptedWorker, attempts, use_scripted_workers

from cppo.errors import VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import AsyncVerifier, Verifier, built, dispatcher, worker
from cppo.verifier.engine import Engine
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.tiers import ways

PROBLEM = Problem("p", "", [TestCase("0", "7")], limits=Limits(cpu_seconds=1, wall_seconds=1))
PROGRAM = "NAME = 'p'\ndef run(index):\n    attempt(index)\n    return ok()"

Judge = Callable[[VerifierConfig], list[bool]]


def batch(config: VerifierConfig) -> list[bool]:
    with Verifier(config) as verifier:
        return [verdict.passed for verdict in verifier.verify([(PROBLEM, PROGRAM)])]


def stream(config: VerifierConfig) -> list[bool]:
    with Verifier(config) as verifier:
        return [verdict.passed for _, verdict in verifier.stream([(PROBLEM, PROGRAM)])]


def awaited_batch(config: VerifierConfig) -> list[bool]:
    async def main() -> list[bool]:
        async with AsyncVerifier(config) as verifier:
            return [verdict.passed for verdict in await verifier.verify([(PROBLEM, PROGRAM)])]

    return asyncio.run(main())


def awaited_stream(config: VerifierConfig) -> list[bool]:
    async def main() -> list[bool]:
        async with AsyncVerifier(config) as verifier:
            return [verdict.passed async for _, verdict in verifier.stream([(PROBLEM, PROGRAM)])]

    return asyncio.run(main())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], VerifierConfig]:
    """Move to a machine that permits one tier, in a process that has seen nothing, with the cache file of the last."""
    use_scripted_workers(tmp_path, monkeypatch)

    def move(tier: str) -> VerifierConfig:
        monkeypatch.setattr(ScriptedWorker, "tier", tier)
        monkeypatch.setattr(built, "_last", {})
        return VerifierConfig(cache_path=str(tmp_path / "kept"))

    return move


@pytest.mark.parametrize("judge", [batch, stream, awaited_batch, awaited_stream])
def test_a_verdict_of_another_tier_is_not_served(
    tmp_path: Path, machine: Callable[[str], VerifierConfig], judge: Judge
) -> None:
    for tier, runs in (("namespaces", 1), ("landlock", 2), ("namespaces", 2), ("landlock", 2)):
        assert judge(machine(tier)) == [True]
        assert attempts(tmp_path, "p", 0) == runs, tier


class NoWorker(ScriptedWorker):
    """Says that there was no need for it."""

    def __init__(self, config: VerifierConfig) -> None:
        raise VerifierError("a worker was started")


@pytest.mark.parametrize("judge", [batch, stream, awaited_batch, awaited_stream])
def test_a_worker_is_asked_only_where_its_answer_decides(
    tmp_path: Path, machine: Callable[[str], VerifierConfig], monkeypatch: pytest.MonkeyPatch, judge: Judge
) -> None:
    config = machine("landlock")
    assert judge(config) == [True]
    monkeypatch.setattr(dispatcher, "WorkerProcess", NoWorker)
    assert judge(config) == [True]  # this process has seen what its workers get
    machine("landlock")
    assert judge(config.model_copy(update={"tier": "landlock"})) == [True]  # it is named
    with pytest.raises(VerifierError, match="a worker was started"):
        judge(config.model_copy(update={"tier": "namespaces"}))  # and this one to judge
    with pytest.raises(VerifierError, match="a worker was started"):
        judge(config)
    with Verifier(config) as verifier:
        assert verifier.verify([]) == []
        assert verifier.verify([(PROBLEM, "")])[0].verdict.value == "EMPTY"
    assert attempts(tmp_path, "p", 0) == 1


def test_nobody_is_asked_for_the_tier_of_a_program_that_is_new(
    machine: Callable[[str], VerifierConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batch(machine("landlock")) == [True]
    monkeypatch.setattr(Engine, "ask", lambda _: pytest.fail("asked"))
    with Verifier(machine("landlock")) as verifier:
        assert verifier.verify([(PROBLEM, f"{PROGRAM} # new")])[0].passed


def test_the_event_loop_goes_on_while_a_worker_is_asked(
    machine: Callable[[str], VerifierConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert awaited_stream(machine("landlock")) == [True]
    gate, went_on = threading.Event(), list[bool]()

    class Held(ScriptedWorker):
        def wait_ready(self) -> None:
            went_on.append(gate.wait(5))
            super().wait_ready()

    async def main(config: VerifierConfig) -> None:
        async with AsyncVerifier(config) as verifier:
            asyncio.get_running_loop().call_later(0.2, gate.set)
            assert [verdict.passed async for _, verdict in verifier.stream([(PROBLEM, PROGRAM)])] == [True]

    monkeypatch.setattr(dispatcher, "WorkerProcess", Held)
    asyncio.run(main(machine("landlock")))
    assert went_on == [True]


def test_a_verdict_of_two_tiers_is_kept_for_neither(
    tmp_path: Path, machine: Callable[[str], VerifierConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker judges one test and dies in the repetition of another, the second gets another tier."""
    problem = Problem("two", "", [TestCase("0", "7"), TestCase("1", "7")], limits=PROBLEM.limits)
    program = (
        "NAME = 'two'\ndef run(index):\n    again = attempt(index)\n    if index and again == 2:\n        os._exit(0)\n"
        "    return late(0.5) if index and again == 1 else ok()"
    )
    config = machine("namespaces")
    with Verifier(config) as verifier:
        verifier.describe()
        monkeypatch.setattr(ScriptedWorker, "tier", "landlock")
        assert verifier.verify([(problem, program)])[0].passed
        assert [attempts(tmp_path, "two", index) for index in (0, 1)] == [1, 3]
    monkeypatch.setattr(dispatcher, "WorkerProcess", NoWorker)
    for tier in ("namespaces", "landlock"):
        asked_for = config.model_copy(update={"tier": tier})
        with Verifier(asked_for) as verifier, pytest.raises(VerifierError, match="a worker was started"):
            verifier.verify([(problem, program)])


def test_a_verdict_of_namespaces_is_not_served_where_they_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real workers, on a machine that permits both tiers: a program can tell them apart."""
    config = VerifierConfig(cache_path=str(tmp_path / "kept"))
    problem = Problem("home", "", [TestCase("/home", "True")])
    pair = problem, "import os\nprint(os.path.exists(input()))"
    monkeypatch.setattr(built, "_last", {})
    with Verifier(config) as verifier:
        if verifier.describe()["tier"] != "namespaces" or not Path("/home").is_dir():
            pytest.skip("no namespaces here, or no /home")
        assert verifier.verify([pair])[0].verdict.value == "WA"
    monkeypatch.setattr(built, "_last", {})
    monkeypatch.setattr(worker, "_refused", {way: "refused" for way in ways(config) if way.tier == "namespaces"})
    with Verifier(config) as verifier:
        try:
            assert verifier.verify([pair])[0].verdict.value == "AC"
        except VerifierError as error:
            pytest.skip(f"no Landlock here: {error}")
