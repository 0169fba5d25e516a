"""Kept verdicts: found again, never for anything else, in a file that survives kills and company."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import wait_until

from cppo.errors import DataError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, TestResult, Verdict, Verifier, VerifierConfig, prepared
from cppo.verifier.cache import VerdictCache, decode_verdict, encode_verdict
from cppo.verifier.cache_file import APPLICATION
from cppo.verifier.prepared import PreparedProblem, harness_version

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


# What a verdict depends on, and nothing else, makes the key.

CALL: dict[str, Any] = {"id": "p", "statement": "s", "mode": "call", "entry_point": "f"}
CALL |= {"tests": [TestCase([1], 2), TestCase([2], 3)], "limits": Limits(cpu_seconds=1), "checker": "exact"}


def key(changes: dict[str, Any], settings: dict[str, Any], program: str = "x", everything: bool = False) -> bytes:
    problem = Problem(**{**CALL, **changes})
    return PreparedProblem.of(problem, VerifierConfig(**settings)).program_key(program.encode(), everything)


OTHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"entry_point": "g"}, {}),
    ({"mode": "stdin", "entry_point": None, "tests": [TestCase("[1]", "2"), TestCase("[2]", "3")]}, {}),
    ({"checker": "tokens"}, {}),
    ({"checker": "program", "checker_program": "def check(i, o, e): return True"}, {}),
    ({"checker": "program", "checker_program": "def check(i, o, e): return False"}, {}),
    ({"limits": Limits(cpu_seconds=2)}, {}),
    ({"limits": Limits(cpu_seconds=1, lines=9)}, {}),
    ({"tests": [TestCase([1], 2)]}, {}),
    ({"tests": [TestCase([2], 3), TestCase([1], 2)]}, {}),
    ({"tests": [TestCase([1], 2), TestCase([2], 4)]}, {}),
    ({"tests": [TestCase([1], 2), TestCase([12], 3)]}, {}),
    ({"tests": [TestCase([True], 2), TestCase([2], 3)]}, {}),
    ({}, {"memory_mb": 64}),
    ({}, {"compile_seconds": 1}),
    ({}, {"isolate_tests": False}),
    ({}, {"tier": "rlimits"}),
    ({}, {"recheck_timeouts": False}),
]


def test_all_that_a_verdict_depends_on_is_in_the_key() -> None:
    keys = [key({}, {}), key({}, {}, "y"), key({}, {}, everything=True), *(key(*other) for other in OTHER)]
    assert len(set(keys)) == len(keys) == 3 + len(OTHER)


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({"id": "q", "statement": "t", "source": "here", "metadata": {"a": 1}, "solutions": ["x"]}, {}),
        ({"tests": (TestCase((1,), 2), TestCase([2], 3))}, {}),
        ({}, {"workers": 3, "retries": 0, "slice_seconds": 1, "cache_entries": 1}),
        ({"limits": Limits()}, {"cpu_seconds": 1, "wall_seconds": 2.5}),
    ],
)
def test_nothing_else_is(changes: dict[str, Any], settings: dict[str, Any]) -> None:
    assert key(changes, settings) == key({}, {})


def test_another_harness_finds_verdicts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key({}, {})
    monkeypatch.setattr(prepared, "harness_version", lambda: "another")
    assert key({}, {}) != before
    assert len(harness_version()) == 64


# In use.


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


# Files that are shared, killed, damaged.

WRITER = """
import sys
from cppo.verifier import ProgramVerdict, Verdict
from cppo.verifier.cache import VerdictCache
cache = VerdictCache(0, sys.argv[1])
print("open", flush=True)
for number in range(int(sys.argv[3])):
    cache.put(f"{sys.argv[2]} {number}".encode(), ProgramVerdict(Verdict.WA, (), sys.argv[2]))
cache.close()
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_several_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    processes = [writer(path, name, 300) for name in "abc"]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0, 0]
    cache = VerdictCache(0, str(path))
    for name in "abc":
        details = [found and found.detail for found in (cache.get(f"{name} {n}".encode()) for n in range(300))]
        assert details == [name] * 300


def test_a_writer_killed_at_any_moment_leaves_a_file_that_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    for round_number in range(3):
        process = writer(path, str(round_number), 10**6)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(0.1 * round_number)
        process.kill()
        process.communicate()
        cache = VerdictCache(0, str(path))
        cache.put(b"mine", PASSED)
        cache.close()
        assert VerdictCache(0, str(path)).get(b"mine") == PASSED
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (name)")


def later_format(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 9;")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("a text that is no database at all " * 99), "file is not a database"),
        (foreign, "it is a database of another program"),
        (later_format, "it has format 9; this version writes format 1"),
        (lambda path: path.mkdir(), "unable to open database file"),
    ],
)
def test_a_file_that_is_no_cache_is_refused_and_left_alone(tmp_path: Path, make: Any, words: str) -> None:
    path = tmp_path / "kept"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with Verifier(VerifierConfig(cache_path=str(path))) as verifier:
        with pytest.raises(DataError, match=f"verdict cache {path} cannot be used: {words}.*; name another file"):
            verifier.verify([(ECHO, "print(7)")])
        assert verifier.worker_pids() == []
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_damaged_row_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cache = VerdictCache(0, str(path))
    cache.put(b"a", PASSED)
    cache.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE verdicts SET verdict = x'00'")
    with pytest.raises(DataError, match=r"a verdict cannot be read.*; name another file .*, or delete it"):
        VerdictCache(0, str(path)).get(b"a")


def test_damaged_pages_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cache = VerdictCache(0, str(path))
    for number in range(200):
        cache.put(b"%d" % number, PASSED)
    cache.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be used: database disk image is malformed; name another"):
        VerdictCache(0, str(path)).get(b"7")


def test_a_file_that_cannot_be_written_any_more_is_given_up_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    cache = VerdictCache(9, str(path))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE verdicts")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache.put(b"a", PASSED)
        assert wait_until(lambda: caught)
    assert "no such table: verdicts" in str(caught[0].message)
    cache.put(b"b", PASSED)
    cache.close()
    assert cache.get(b"b") == PASSED  # still in memory


def test_a_forked_copy_opens_the_file_anew(tmp_path: Path) -> None:
    with Verifier(VerifierConfig(cache_path=str(tmp_path / "kept"), cache_entries=0)) as verifier:
        first = verifier.verify([(ECHO, "print(7)")])
        assert wait_until(lambda: _rows(tmp_path / "kept") == 1)
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            code = 1
            try:
                known = verifier.verify([(ECHO, "print(7)")]) == first and not verifier.worker_pids()
                code = 0 if known and verifier.verify([(ECHO, "print(7)  # more")])[0].passed else 1
                verifier.close()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        workers = verifier.worker_pids()
        assert verifier.verify([(ECHO, "print(7)  # more")])[0].passed
        assert verifier.worker_pids() == workers
    assert _rows(tmp_path / "kept") == 2


def _rows(path: Path) -> int:
    connection = sqlite3.connect(path, timeout=30)
    try:
        return int(connection.execute("SELECT count(*) FROM verdicts").fetchone()[0])
    finally:
        connection.close()
