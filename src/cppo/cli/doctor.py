"""`cppo doctor`: the jail in use on this machine, what it stops and what it does not, how to get a better one."""

from __future__ import annotations

import argparse
import json
import platform
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cppo import __version__
from cppo.cli.console import results_console
from cppo.cli.machine import Machine, advice, is_sealed, memory_mb, processors, temporary_space
from cppo.errors import VerifierError
from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import Verdict, Verifier, VerifierConfig
from cppo.verifier.tiers import TIERS

LOW_MEMORY_MB, LOW_SPACE_MB = 512, 256
SECRET = "only the caller of the verifier may read this"
HINT = ". `cppo doctor`"
"""Where the verifier's error begins to say that this command has more."""
CONNECT = """
import socket
socket.create_connection(("127.0.0.1", int(input())), timeout=0.2)
print("connected")
"""


@dataclass(frozen=True)
class Check:
    """One program of the self-test: what is looked for, the verdict that is right, the verdict that came."""

    name: str
    expected: Verdict
    verdict: Verdict
    detail: str

    @property
    def passed(self) -> bool:
        """Whether the verdict is the right one."""
        return self.verdict is self.expected


def doctor(arguments: argparse.Namespace) -> int:
    """Print what the verifier can do here; return 0 when programs are sealed in, 4 otherwise."""
    tiers = {name: try_tier(name) for name in TIERS}
    missing = [name for name, tier in TIERS.items() if tier.sealed and "refused" in tiers[name]]
    machine = Machine.look()
    result: dict[str, Any] = {"machine": machine_facts(machine), "tier": None, "sealed": False, "tiers": tiers}
    try:
        with Verifier(VerifierConfig()) as verifier:
            result["in_use"] = verifier.describe()
            result["tier"] = result["in_use"].get("tier")
            checks = self_test(verifier)
    except VerifierError as error:
        result["error"], checks = str(error), []
    result["self_test"] = [
        {"name": check.name, "verdict": check.verdict.value, "passed": check.passed, "detail": check.detail}
        for check in checks
    ]
    result["sealed"] = is_sealed(result.get("in_use", {})) and all(check.passed for check in checks)
    result["advice"] = advice(machine, missing)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        _print(result, results_console())
    return 0 if result["sealed"] else VerifierError.exit_code


def try_tier(name: str) -> dict[str, str]:
    """Return what a worker of this tier says of itself, or under "refused" why there can be none."""
    try:
        with Verifier(VerifierConfig.model_validate({"tier": name})) as verifier:
            return verifier.describe()
    except VerifierError as error:
        return {"refused": str(error)}


def self_test(verifier: Verifier) -> list[Check]:
    """Judge programs whose verdicts are known: right, wrong, endless, and two that reach for what is the caller's."""
    limits = Limits(cpu_seconds=0.5)
    add = Problem("add", "Add two numbers.", [TestCase("1 2\n", "3\n")], limits=limits)
    with (
        tempfile.TemporaryDirectory(prefix="cppo-doctor-") as directory,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        secret = Path(directory) / "secret"
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
        steal = Problem("steal", "Print a file.", [TestCase(f"{secret}\n", SECRET)], limits=limits)
        port = f"{server.getsockname()[1]}\n"
        connect = Problem("connect", "Reach the network.", [TestCase(port, "connected")], limits=limits)
        looked_for = (
            ("a right program passes", add, "print(sum(map(int, input().split())))", Verdict.AC),
            ("a wrong program fails", add, "print(4)", Verdict.WA),
            ("an endless program is stopped", add, "while True: pass", Verdict.TLE),
            ("a private file of yours stays private", steal, "print(open(input()).read())", Verdict.RE),
            ("the network is out of reach", connect, CONNECT, Verdict.RE),
        )
        verdicts = verifier.verify([(problem, program) for _, problem, program, _ in looked_for])
    return [
        Check(name, expected, verdict.verdict, verdict.detail)
        for (name, _, _, expected), verdict in zip(looked_for, verdicts, strict=True)
    ]


def machine_facts(machine: Machine) -> dict[str, Any]:
    """Return what the verifier has to work with."""
    memory, available = memory_mb()
    directory, free = temporary_space()
    return {
        "cppo": __version__,
        "python": platform.python_version(),
        "system": f"{machine.system} {platform.release()}",
        "user": "root" if machine.root else "an ordinary user",
        "processors": processors(),
        "memory_mb": memory,
        "memory_available_mb": available,
        "temporary": directory,
        "temporary_free_mb": free,
    }


def _print_protections(report: Mapping[str, str], say: Callable[..., None]) -> None:
    width = max(map(len, report))
    for name, state in report.items():
        if name != "tier":
            say(f"  {name:<{width}}  {state}")
    tier = TIERS[report["tier"]]
    for words, items in (("it stops", tier.stops), ("it does not stop", tier.leaves)):
        say(f"  {words}")
        for item in items:
            say(f"    {item}")


def _print(result: dict[str, Any], console: Console) -> None:
    def say(text: str = "", style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    facts = result["machine"]
    say(f"cppo {facts['cppo']}, Python {facts['python']}, {facts['system']}, {facts['user']}")
    say(
        f"{facts['processors']} processors, {facts['memory_available_mb']} of {facts['memory_mb']} MiB of memory "
        f"available, {facts['temporary_free_mb']} MiB free in {facts['temporary']}"
    )
    if 0 < facts["memory_available_mb"] < LOW_MEMORY_MB or facts["temporary_free_mb"] < LOW_SPACE_MB:
        say("short of memory or space: tests may fail for want of it", "yellow")
    say()
    if "in_use" in result:
        state = "programs are sealed in" if result["sealed"] else "PROGRAMS ARE NOT SEALED IN"
        say(f"tier in use: {result['tier']}: {state}", "bold green" if result["sealed"] else "bold red")
        _print_protections(result["in_use"], say)
    else:
        say(f"no tier can be used: {result['error']}", "bold red")
    for name, report in result["tiers"].items():
        if name != result["tier"]:
            say(f"tier {name}: {'not here' if 'refused' in report else 'available'}")
        for reason in report.get("refused", "").partition(HINT)[0].split("; "):
            if reason:
                say(f"  {reason}")
    if result["advice"]:
        say("\nfor a better tier")
        for line in result["advice"]:
            say(f"  {line}")
    if result["self_test"]:
        say("\nself-test")
    for check in result["self_test"]:
        ending = "" if check["passed"] else f": {check['detail']}"
        say(f"  {'ok  ' if check['passed'] else 'FAIL'}  {check['name']} ({check['verdict']}){ending}")
