"""What a program's processes take, as /proc tells: also of what hides there, and of what has ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_until

from cppo.verifier import family, mounts
from cppo.verifier.watch import REMEMBERED, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

ME = str(os.getpid()).encode()
HELD_MB = 100
WITHOUT_FIRST_THREAD = f"""
import ctypes, sys, threading, time
def hold():
    held = b"x" * ({HELD_MB} << 20)
    print("ready", flush=True)
    time.sleep(99)
threading.Thread(target=hold).start()
ctypes.CDLL(None).syscall({60 if os.uname().machine == "x86_64" else 93}, 0)
"""
ORPHANS_PEAK = f"""
import ctypes, os
from cppo.verifier.family import kill_descendants
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(reader)
    if os.fork() == 0:
        held = b"x" * ({HELD_MB} << 20)
        os._exit(0)
    os._exit(0)
os.close(writer)
os.read(reader, 1)
print(kill_descendants(), kill_descendants())
"""


@pytest.fixture
def headless() -> Iterator[int]:
    """Return the number of a process whose first thread has ended."""
    with subprocess.Popen([sys.executable, "-c", WITHOUT_FIRST_THREAD], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        assert wait_until(lambda: not Path(f"/proc/{process.pid}/statm").read_text().startswith(("1", "2", "3")))
        yield process.pid
        process.kill()


def test_memory_is_seen_when_the_first_thread_has_ended(headless: int) -> None:
    pidfd = os.pidfd_open(headless)
    assert wait_until(lambda: family.memory_pages(str(headless).encode()) == (0, 0))
    assert family.resident_kb(pidfd) > HELD_MB << 10
    os.close(pidfd)
    memory, _, own = family.family_usage([str(headless).encode()])
    assert memory > HELD_MB << 10
    assert len(own) == 1


def test_the_peak_of_an_orphan_that_has_ended_is_known() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHANS_PEAK], stdout=subprocess.PIPE, text=True, check=True)
    peak, nothing = map(int, done.stdout.split())
    assert HELD_MB << 10 < peak < 2 * HELD_MB << 10
    assert nothing == 0


def test_each_socket_counts_once_and_a_few_files_do_not() -> None:
    before = family.sockets_kb([ME]) // family.SOCKET_KB
    pairs = [socket.socketpair() for _ in range(family.FEW_FILES)]
    try:
        now = family.sockets_kb([ME]) // family.SOCKET_KB
        assert 2 * family.FEW_FILES <= now - before <= 2 * family.FEW_FILES + 8
        assert family.sockets_kb([ME, ME]) == now * family.SOCKET_KB
    finally:
        for pair in pairs:
            for end in pair:
                end.close()
    few = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert family.sockets_kb([str(few.pid).encode()]) == 0
    few.communicate(b"\n")


def fill(directory: Path, mb: int) -> int:
    """Write a file and return its descriptor."""
    descriptor = os.open(directory / "file", os.O_CREAT | os.O_RDWR)
    for _ in range(mb):
        os.write(descriptor, b"x" * (1 << 20))
    return descriptor


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch directory that holds 4 MiB and 20 files."""
    monkeypatch.setattr(mounts, "SCRATCH_MB", 4)
    monkeypatch.setattr(mounts, "SCRATCH_FILES", 20)
    return tmp_path


def test_scratch_is_full_by_the_size_of_its_files(small: Path) -> None:
    os.close(fill(small, 3))
    assert not mounts.is_full(str(small), [ME])
    (small / "inner").mkdir()
    os.close(fill(small / "inner", 2))
    assert mounts.is_full(str(small), [ME])


def test_scratch_is_full_by_files_without_a_name(small: Path) -> None:
    descriptor = fill(small, 5)
    os.unlink(small / "file")
    assert mounts.is_full(str(small), [ME])
    assert not mounts.is_full(str(small), [])
    os.close(descriptor)
    assert not mounts.is_full(str(small), [ME])


def test_scratch_is_full_by_the_number_of_files(small: Path) -> None:
    for number in range(20):
        (small / str(number)).touch()
    assert not mounts.is_full(str(small), [])
    (small / "0").unlink()
    (small / "inner").mkdir()
    (small / "inner" / "another").touch()
    assert mounts.is_full(str(small), [])


@pytest.mark.parametrize(("name", "depth", "full"), [("d", 62, False), ("d", 70, True), ("d" * 250, 18, True)])
def test_scratch_is_searched_by_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, depth: int, full: bool
) -> None:
    monkeypatch.setattr(mounts, "SCRATCH_MB", 4)
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    file = os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(file, b"x" * (5 << 20 if len(name) > 1 else 1))
    os.close(file)
    os.close(here)
    assert mounts.is_full(str(tmp_path), []) is full


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list any directory")
def test_a_directory_closed_to_reading_counts_as_full(small: Path) -> None:
    (small / "closed").mkdir(0o300)
    assert mounts.is_full(str(small), [])


def watch_that_sees(looks: list[tuple[int, dict[bytes, int]]], monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Return a watch after looks that brought these sums of ticks and own ticks by process."""
    watch = Watch(0, {}, 0, None)
    for ticks, own in looks:
        monkeypatch.setattr("cppo.verifier.watch.family_usage", lambda _numbers, seen=(0, ticks, own): seen)
        watch._family_memory_kb([])
    return watch


def seconds(ticks: int) -> float:
    return ticks / family.CLOCK_TICKS


def test_time_of_a_child_that_the_kernel_forgot_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_that_sees([(55, {b"a": 5, b"b": 50}), (60, {b"a": 6, b"c": 54}), (7, {b"a": 7})], monkeypatch)
    assert watch.family_cpu == seconds(7 + 50 + 54)


def test_time_of_a_child_that_was_waited_for_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_that_sees([(55, {b"a": 5, b"b": 50}), (58, {b"a": 6}), (60, {b"a": 8})], monkeypatch)
    assert watch.family_cpu == seconds(60)


def test_a_process_that_a_look_missed_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_that_sees([(55, {b"a": 5, b"b": 50}), (5, {b"a": 5}), (57, {b"a": 5, b"b": 52})], monkeypatch)
    assert watch.family_cpu == seconds(57)


def test_of_many_processes_that_are_gone_only_their_time_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    many = REMEMBERED + 10
    watch = watch_that_sees([(3, {str(n).encode(): 1, b"a": 2}) for n in range(many)], monkeypatch)
    assert watch.family_cpu == seconds(many + 2)
    assert len(watch._own_ticks) <= REMEMBERED


BUSY = """
import os, threading, time
def busy():
    end = time.monotonic() + 30
    while time.monotonic() < end: pass
if {fork}:
    os.fork()
    busy()
for _ in range(2): threading.Thread(target=busy, daemon=True).start()
print("ready", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("fork", [False, True])
def test_waiting_for_a_processor_counts_in_threads_and_children(fork: bool) -> None:
    """Two busy threads under one interpreter's lock, or two processes on one processor, wait for one another."""
    processor = min(os.sched_getaffinity(0))
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(fork=fork)],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {processor}),
    )
    try:
        number = str(process.pid).encode()

        def waited() -> float:
            children = (Path("/proc") / str(process.pid) / "task" / str(process.pid) / "children").read_text().split()
            return family.family_waited_seconds([number, *(child.encode() for child in children)])

        assert wait_until(lambda: waited() > 0.2)
        if not fork:
            assert wait_until(lambda: waited() > family.waited_seconds(number))  # its first thread sleeps
    finally:
        subprocess.run(["pkill", "-P", str(process.pid)], check=False)
        process.kill()
        process.wait()
