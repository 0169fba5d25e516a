"""The file of kept verdicts: shared, killed, forked, damaged, foreign."""

from __future__ import annotations

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
from processes import wait_until

from cppo.errors import DataError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, TestResult, Verdict, Verifier, VerifierConfig
from cppo.verifier.cache import VerdictCache
from cppo.verifier.cache_file import APPLICATION

PASSED = ProgramVerdict(Verdict.AC, (TestResult(Verdict.AC, 0.5, 0.75, 2.0, 0.0, 0, "", "7", ""),))
ECHO = Problem("echo", "", [TestCase("7", "7")], limits=Limits(cpu_seconds=2, wall_seconds=3))

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
