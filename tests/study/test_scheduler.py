"""The scheduler: order, slots, failure, kill, and how it tells the time left. Children are scripted one-liners."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cppo.errors import CppoError, GateError, RunError
from cppo.lanes import Lane
from cppo.progress import Reporter
from cppo.study.progress import Work, clock, progress_line, time_left
from cppo.study.scheduler import Scheduler, Task

WORKER = """
import json, sys
for line in sys.stdin:
    exec(json.loads(line)[0])
    print(json.dumps({"call": "finished", "arguments": []}), flush=True)
"""
"""A lane whose work is a program."""


class Heard(Reporter):
    """Keeps every line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def child(log: Path, name: str, *needs: str, until: str = "", seen: int = 1, status: int = 0, words: str = "") -> Task:
    """A child that writes when it starts, waits until `until` stands `seen` times in the log, writes that it ends, says
    `words` and exits with `status`."""
    code = textwrap.dedent(
        f"""
        import sys, time
        log = {str(log)!r}
        def write(text):
            with open(log, "a") as file:
                file.write(text + "\\n")
        write("+{name}")
        deadline = time.monotonic() + 60
        while open(log).read().count({until!r}) < {seen} and time.monotonic() < deadline:
            time.sleep(0.02)
        write("-{name}")
        print({words!r})
        if {status}:
            sys.exit({status})
        """
    )
    return Task(name, name.rpartition("/")[2], frozenset(needs), (code,))


def run(tasks: list[Task], slots: int = 2, reporter: Reporter | None = None) -> None:
    Scheduler(tasks, slots, reporter or Reporter(), {}, (sys.executable, "-c", WORKER)).run()


def test_a_task_starts_only_after_all_it_needs(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tasks = [
        child(log, "c", "a", "b"), child(log, "a", until="-b"), child(log, "b"), child(log, "d", "c", "done before"),
    ]  # fmt: skip
    run(tasks)
    lines = log.read_text().split()
    assert sorted(lines) == sorted(["+a", "-a", "+b", "-b", "+c", "-c", "+d", "-d"])
    assert lines.index("+c") > max(lines.index("-a"), lines.index("-b"))
    assert lines[-2:] == ["+d", "-d"]


@pytest.mark.parametrize("slots", [1, 2])
def test_as_many_children_run_as_there_are_slots_and_no_more(tmp_path: Path, slots: int) -> None:
    log = tmp_path / "log"
    # each of the first two waits until as many have started as there are slots
    tasks = [child(log, f"t{i}", until="+t", seen=slots) for i in range(4)]
    began = time.monotonic()
    run(tasks, slots)
    assert time.monotonic() - began < 60  # none waited in vain
    running = peak = 0
    for line in log.read_text().split():
        running += 1 if line[0] == "+" else -1
        peak = max(peak, running)
    assert peak == slots


def test_work_of_this_process_takes_no_slot_and_keeps_its_place(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def here() -> None:
        with log.open("a") as file:
            file.write("here\n")

    run([child(log, "a"), Task("take", "x", frozenset({"a"}), here=here), child(log, "b", "take")], slots=1)
    assert log.read_text().split() == ["+a", "-a", "here", "+b", "-b"]


@pytest.mark.parametrize(("status", "error"), [(1, CppoError), (2, RunError), (3, GateError)])
def test_a_failure_starts_nothing_new_and_says_its_last_words(
    tmp_path: Path, status: int, error: type[CppoError]
) -> None:
    log = tmp_path / "log"

    class Answering(Heard):
        """Lets the slow child end once the failure has been said."""

        def say(self, text: str) -> None:
            super().say(text)
            if "bad failed" in text:
                with log.open("a") as file:
                    file.write("go on\n")

    heard = Answering()
    tasks = [
        child(log, "bad", status=status, words="the disk is full"), child(log, "slow", until="go on"),
        child(log, "next", "bad"), child(log, "later"),
    ]  # fmt: skip
    with pytest.raises(error, match=r"(?s)bad failed with status.*same command goes on.*the disk is full") as raised:
        run(tasks, reporter=heard)
    assert type(raised.value) is error
    assert sorted(log.read_text().split()) == sorted(
        ["+bad", "-bad", "go", "on", "+slow", "-slow"]
    )  # the other went on to its end
    assert any("the disk is full" in line for line in heard.lines)


def test_what_a_child_reports_is_passed_on() -> None:
    heard = Heard()
    code = "import json; print(json.dumps({'call': 'say', 'arguments': ['hello']}))"
    run([Task("seed-0/sft", "sft", frozenset(), (code,))], reporter=heard)
    assert "[seed-0] hello" in heard.lines
    assert heard.lines[-1].startswith("study: 1 of 1 done; running: none; 0 to come")


def test_one_process_does_one_task_after_the_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')"
    run([Task(str(i), "x", frozenset(), (code,)) for i in range(4)], slots=1)
    pids = log.read_text().split()
    assert len(pids) == 4
    assert len(set(pids)) == 1
    assert not _alive(int(pids[0]))


def test_a_process_that_ends_without_finishing_its_task_has_failed() -> None:
    with pytest.raises(CppoError, match=r"(?s)a failed with status 1.*good bye"):
        run([Task("a", "x", frozenset(), ("print('good bye'); sys.exit(0)",))])


def test_a_process_that_dies_between_two_tasks_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import os\nopen({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')"

    def kill() -> None:
        pid = int(log.read_text())
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    tasks = [Task(name, "x", frozenset(needs), (code,)) for name, needs in (("a", []), ("b", ["kill"]))]
    run([*tasks, Task("kill", "x", frozenset({"a"}), here=kill)], slots=1)
    first, second = log.read_text().split()
    assert first != second


def test_a_lane_that_has_died_says_so_and_can_be_ended() -> None:
    lane = Lane((sys.executable, "-c", "print('no memory'); raise SystemExit(9)"))
    lane.process.wait()
    lane.give(["work"], lambda *_: None)
    assert lane.status() == 9
    lane.end()
    lane.end()


def test_tasks_that_wait_for_one_another_are_refused() -> None:
    with pytest.raises(RunError, match="none can start: a, b"):
        run([Task("a", "x", frozenset({"b"}), ("true",)), Task("b", "x", frozenset({"a"}), ("true",))])


CHILD = """
import os, sys, threading, time
def watch():
    while os.read(0, 100):
        pass
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_children_end_with_the_scheduler_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    mark = tmp_path / "pid"
    script = textwrap.dedent(
        """
        import signal, sys
        from cppo.progress import Reporter
        from cppo.study.scheduler import Scheduler, Task
        signal.signal(signal.SIGINT, signal.default_int_handler)
        command = (sys.executable, "-c", sys.argv[2], sys.argv[1])
        Scheduler([Task("a", "x", frozenset(), ("work",))], 1, Reporter(), {}, command).run()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(mark), CHILD], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    pid = int(mark.read_text())
    parent.send_signal(number)
    parent.wait(timeout=20)
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)
    assert parent.returncode != 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_time_left_plays_the_schedule_through() -> None:
    took = {"sft": [10.0, 30.0], "joint": [100.0]}
    running = [Work("0/sft", "sft", 5.0)]  # 20 on average, 15 left
    waiting = [
        ("0/joint", "joint", frozenset({"0/sft"})), ("1/sft", "sft", frozenset[str]()),
        ("1/joint", "joint", frozenset({"1/sft"})),
    ]  # fmt: skip
    assert time_left(running, waiting, took, 1) == (15 + 20 + 100 + 100, True)
    # two slots: 0/sft to 15, 1/sft to 20; 0/joint from 15 to 115, 1/joint from 20 to 120
    assert time_left(running, waiting, took, 2) == (120, True)
    assert time_left(running, waiting, {"sft": [20.0]}, 1) == (35.0, False)


def test_a_running_task_s_own_progress_says_more_than_the_mean() -> None:
    # 40 of 100 done, 20 of them before it was resumed: 20 in 10 s, so 60 more take 30 s
    assert time_left([Work("a", "x", 10.0, (40, 100), 20)], [], {"x": [500.0]}, 1) == (30.0, True)


def test_the_line_says_what_runs_what_is_done_and_what_is_left() -> None:
    running = [Work("seed-0/joint", "joint", 10.0, (5, 20))]
    line = progress_line(6, 2, running, [("seed-1/sft", "sft", frozenset())], {"sft": [70.0]}, 1)
    assert line == "study: 3 of 6 done; running: seed-0/joint 5/20; 2 to come; about 2 min left"
    assert [clock(s) for s in (40, 89, 600, 7500)] == ["40 s", "89 s", "10 min", "2 h 05 min"]
