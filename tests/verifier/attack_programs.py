"""The programs of `attacks/`, and a good program that looks whether they left anything.

Each program begins with lines that say how it is run and what it may get:

| line | meaning | without it |
| --- | --- | --- |
| mode | stdin (reads the facts as JSON and prints) or call (`f(facts)` returns) | required |
| allowed | verdicts that are right; AC is never one of them | required |
| tiers | tiers of the jail that must stop it; at others it is not run | all |
| limits | limits of the problem | `LIMITS`; `PATIENT` besides where `allowed` has no TLE |
| tests, runs | tests of the problem, all run; runs of the program | 1, 1 |
| expected | the expected output | a secret |
| detail | words that the verdict's detail must hold | none |
| isolated | `only`: not run with all tests in one process | both ways in call mode |
| neighbours | `yes`: also run beside good programs of another worker | alone |
| source | `built`: `SOURCE` is the program, the file is trusted | the file |
| machine | processor whose system call numbers it uses | any |
| users | `unprivileged`: not run where programs run as root; `watched`: only where their open files can be seen | any |

An attack that succeeds begins its output with BROKEN.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from attack_host import Host

from cppo.problems import Limits, Problem, TestCase

ATTACKS = Path(__file__).parent / "attacks"
LIMITS = {"cpu_seconds": 1.0, "wall_seconds": 4.0, "memory_mb": 64.0, "output_mb": 1.0}
PATIENT = {"cpu_seconds": 6.0, "wall_seconds": 20.0}
"""Limits that a busy machine does not reach, for attacks that the clock is not meant to end."""
EVERY_TIER = ("namespaces", "landlock", "rlimits")
JAILS = ("bwrap", *EVERY_TIER)
"""`bwrap`: the namespaces tier through bubblewrap; `namespaces`: the same tier by the verifier's own calls."""
CAP_SYS_PTRACE = 19
KEYS = {"mode", "allowed", "tiers", "limits", "tests", "runs", "expected", "detail", "isolated", "neighbours"}
KEYS |= {"source", "machine", "users"}

GOOD = """
import json, os, resource, signal, socket, tempfile, time
facts = json.loads(input())
wrong = [name for name in os.listdir(".")]
with open("note", "w") as file:
    file.write("x" * 100_000)
os.mkdir("inner")
if os.fork() == 0:
    os._exit(7)
if os.waitstatus_to_exitcode(os.wait()[1]) != 7:
    wrong.append("fork")
wrong += [str(n) for n in (signal.SIGTERM, signal.SIGCHLD) if signal.getsignal(n) is not signal.SIG_DFL]
wrong += [str(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
wrong += [name for name in ("HOME", "PATH", "CPPO_SECRET") if "SECRET" in os.environ.get(name, "")]
if os.getpriority(os.PRIO_PROCESS, 0) != facts["nice"] or len(os.sched_getaffinity(0)) != facts["processors"]:
    wrong.append("schedule")
if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 64:
    wrong.append("open files")
if tempfile.gettempdir() != os.getcwd():
    wrong.append(tempfile.gettempdir())
held = bytearray(20 << 20)
time.sleep(facts["sleep"])
print(wrong or facts["answer"])
"""


@dataclass(frozen=True)
class Attack:
    """One program of `attacks/` and what the lines at its top say."""

    name: str
    source: str
    header: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Attack:
        """Read an attack; raises `ValueError` when a line at its top is unknown, or one that is required is missing."""
        text = path.read_text()
        header: dict[str, str] = {}
        for line in text.splitlines():
            if not line.startswith("# "):
                break
            key, _, value = line[2:].partition(": ")
            header[key] = value.strip()
        unknown, missing = set(header) - KEYS, {"mode", "allowed"} - set(header)
        if unknown or missing or "AC" in header["allowed"]:
            raise ValueError(f"{path}: unknown lines {sorted(unknown)}, missing {sorted(missing)}, or AC allowed")
        if header.get("source") == "built":
            names: dict[str, str] = {}
            exec(compile(text, str(path), "exec"), names)
            text = names["SOURCE"]
        return cls(path.stem, text, header)

    def runs_at(self, jail: str) -> bool:
        """Whether one of `JAILS` must stop this attack, on this processor."""
        tier = "namespaces" if jail == "bwrap" else jail
        machine = self.header.get("machine", platform.machine())
        return tier in self.header.get("tiers", " ".join(EVERY_TIER)).split() and machine == platform.machine()

    def runs_as(self, user: str) -> bool:
        """Whether this attack is to be run, given what the verifier says of the user of its programs."""
        if self.header.get("users") == "watched":
            return may_trace()
        return "users" not in self.header or not user.startswith("programs run as root")

    @property
    def runs_together(self) -> bool:
        """Whether this attack is also run with all tests in one process."""
        return self.header["mode"] == "call" and "isolated" not in self.header

    @property
    def about_the_jail(self) -> bool:
        """Whether user and jail can change the outcome. Not what the clock ends, what the compiler or what the verifier
        reads: the answers of call mode."""
        return self.header["mode"] == "stdin" and "source" not in self.header and self.header["allowed"] != "TLE"

    def problem(self, host: Host) -> Problem:
        """Return the problem that this attack is run on."""
        limits = LIMITS | ({} if "TLE" in self.header["allowed"].split() else PATIENT)
        for word in self.header.get("limits", "").split():
            name, _, value = word.partition("=")
            limits[name] = int(value) if name == "lines" else float(value)
        facts = {**host.facts, "name": self.name}
        calls = self.header["mode"] == "call"
        expected = host.expected[: int(self.header.get("tests", "1"))]
        tests = [
            TestCase([facts] if calls else json.dumps(facts) + "\n", self.header.get("expected", secret))
            for secret in expected
        ]
        mode = cast(Any, self.header["mode"])
        return Problem(self.name, "", tests, mode, "f" if calls else None, limits=Limits(**cast(Any, limits)))


def may_trace() -> bool:
    """Whether this process may look into those of its programs: root needs the right to, which containers take away."""
    text = Path("/proc/self/status").read_text()
    rights = int(text.partition("CapEff:")[2].split()[0], 16)
    return os.geteuid() != 0 or bool(rights >> CAP_SYS_PTRACE & 1)


def read_attacks() -> list[Attack]:
    """Return every attack, by name."""
    return [Attack.read(path) for path in sorted(ATTACKS.glob("*.py"))]


def good_problem(sleep: float = 0.0) -> Problem:
    """Return a problem that `GOOD` solves in surroundings that are as they should be."""
    answer = "as it should be"
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    facts = {"answer": answer, "sleep": sleep, "nice": nice, "processors": len(os.sched_getaffinity(0))}
    limits = Limits(cpu_seconds=5, wall_seconds=20, memory_mb=128, output_mb=1)
    return Problem("good", "", [TestCase(json.dumps(facts) + "\n", answer)], limits=limits)
