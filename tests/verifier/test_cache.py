"""Kept verdicts: found again, never a failure of the verifier, never for a problem that has changed."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import wait_until

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, TestResult, Verdict, Verifier, VerifierConfig
from cppo.verifier.cache import VerdictCache, decode_verdict, encode_verdict

PASSED = ProgramVerdict(Verdict.AC, (TestResult(Verdict.AC, 0.5, 0.75, 2.0, 0.0, 0, "", "7", ""),))
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=Limits(cpu_seconds=2, wall_seconds=3))

NUMBERS = st.floats(0, 1e9)
RESULTS = st.builds(
    TestResult,
    st.sampled_from(Verdict),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.none() | st.integers(-64, 255),
    st.text(st.characters(), max_size=9),
    st.text(max_size=9),
    st.text(max_size=9),
)


@given(
    st.builds(ProgramVerdict, st.sampled_from(Verdict), st.lists(RESULTS, max_size=4).map(tuple), st.text(max_size=9))
)
def test_a_verdict_comes_back_as_it_was(verdict: ProgramVerdict) -> None:
    assert decode_verdict(encode_verdict(verdict)) == verdict


@given(st.binary(max_size=40))
def test_bytes_that_are_no_verdict_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_verdict(data)


def test_the_last_used_are_kept() -> None:
    cache = VerdictCache(2, "")
    for key in (b"a", b"b"):
        cache.put(key, PASSED)
    assert cache.get(b"a") == PASSED
    cache.put(b"c", PASSED)
    assert [cache.get(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]


def test_no_entries_keep_nothing() -> None:
    cache = VerdictCache(0, "")
    cache.put(b"a", PASSED)
    assert cache.get(b"a") is None


@pytest.mark.parametrize(
    "verdict",
    [
        ProgramVerdict(Verdict.INFRA, (), "no worker"),
        ProgramVerdict(Verdict.WA, (TestResult(Verdict.WA), TestResult(Verdict.INFRA))),
    ],
)
def test_a_failure_of_the_verifier_is_never_kept(tmp_path: Path, verdict: ProgramVerdict) -> None:
    cache = VerdictCache(9, str(tmp_path / "kept"))
    cache.put(b"a", verdict)
    cache.close()
    assert VerdictCache(9, str(tmp_path / "kept")).get(b"a") is None


def test_the_file_outlives_the_process_and_serves_the_next(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "kept")
    cache = VerdictCache(1, path)
    for number in range(2500):
        cache.put(b"%d" % number, dataclasses.replace(PASSED, detail=str(number)))
    cache.close()
    again = VerdictCache(1, path)
    for number in (0, 1234, 2499):
        found = again.get(b"%d" % number)
        assert found is not None
        assert found.detail == str(number)
    assert again.get(b"2500") is None


def test_a_program_runs_once_and_its_verdict_is_known_after_that(tmp_path: Path) -> None:
    config = VerifierConfig(cache_path=str(tmp_path / "kept"))
    batch = [(ECHO, "print(7)"), (ECHO, "print(8)"), (ECHO, "")]
    with Verifier(config) as verifier:
        first = verifier.verify(batch)
        workers = verifier.worker_pids()
        os.kill(workers[0], signal.SIGKILL)
        assert wait_until(lambda: verifier.worker_pids() == [])
        assert verifier.verify(batch) == first
        assert verifier.worker_pids() == []
    with Verifier(config) as verifier:
        assert [verdict for _, verdict in sorted(verifier.stream(batch), key=lambda item: item[0])] == first
        assert verifier.worker_pids() == []
        assert verifier.verify([(ECHO, "print(7)")], all_tests=True)[0].passed
        assert len(verifier.worker_pids()) == 1  # all tests are another question


def test_a_problem_that_was_changed_is_another_problem() -> None:
    tests = [TestCase("7", "7")]
    problem = Problem("p", "", tests)
    value = [7]
    call = Problem("c", "", [TestCase([], value)], mode="call", entry_point="f")
    with Verifier() as verifier:
        assert verifier.verify([(problem, "print(7)"), (call, "def f(): return [7]")])[0].passed
        tests[0] = TestCase("7", "8")
        value.append(8)
        for _ in range(2):
            verdicts = verifier.verify([(problem, "print(7)"), (call, "def f(): return [7]")])
            assert [verdict.verdict.value for verdict in verdicts] == ["WA", "WA"]
