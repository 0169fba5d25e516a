"""Run the programs of `attacks/` against one jail: `python attack_runner.py JAIL PART PARTS [NAME …]` writes JSON.

After each attack everything in `Host.traces` must be as before, no text of the verdict may hold a secret, and a good
program that looks around must pass. Then the attacks that aim at their neighbours run beside good programs.
"""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any, cast

from attack_host import Host
from attack_programs import GOOD, Attack, good_problem, read_attacks

from cppo.errors import VerifierError
from cppo.problems import Problem
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig
from cppo.verifier.settings import Tier

HANG_SECONDS = 60.0
DETAIL_CHARACTERS = 1000


class Trial:
    """A verifier with one worker, under attack. After an attack that harmed it a fresh one takes its place."""

    def __init__(self, host: Host, config: VerifierConfig) -> None:
        self.host = host
        self.config = config
        self.good = good_problem()
        self.serial = 0
        self._start()

    def _start(self) -> None:
        self.verifier = Verifier(self.config)
        got = self.verifier.verify([(self.good, GOOD)])[0]
        self.workers = self.host.descendants() - self.host.children
        if not got.passed:
            raise VerifierError(f"a good program does not pass before any attack: {got}")

    def run(self, attack: Attack) -> dict[str, Any]:
        """Run one attack and look at everything that it could have left."""
        started = time.monotonic()
        wrong: list[str] = []
        verdict = ""
        problem = attack.problem(self.host)
        for _ in range(int(attack.header.get("runs", "1"))):
            self.serial += 1
            got = self._verify(problem, f"{attack.source}\n# {self.serial}", wrong)
            if got is not None:
                verdict = got.verdict
                wrong += judge(attack, got, self.host)
        wrong += self.host.traces(self.workers)
        good = self._verify(self.good, f"{GOOD}# {self.serial}", wrong)
        if good is not None and not good.passed:
            wrong.append(f"the next program gets {good.verdict}: {good.detail}")
        seconds = time.monotonic() - started
        if seconds > HANG_SECONDS:
            wrong.append(f"it took {seconds:.0f} s")
        if wrong:
            self.verifier.close()
            self._start()
        return {"attack": attack.name, "verdict": verdict, "seconds": round(seconds, 2), "wrong": wrong}

    def _verify(self, problem: Problem, program: str, wrong: list[str]) -> ProgramVerdict | None:
        try:
            return self.verifier.verify([(problem, program)], all_tests=True)[0]
        except Exception as error:  # noqa: BLE001 - the boundary to what is tested: no program may break it
            wrong.append(f"the verifier raised {error!r}")
            return None


def judge(attack: Attack, got: ProgramVerdict, host: Host) -> list[str]:
    """Return in words what is wrong with the verdict of an attack."""
    allowed = attack.header["allowed"].split()
    tests = got.tests
    wrong = [f"{got.verdict}, allowed: {allowed} ({got.detail})"] if got.verdict not in allowed else []
    wrong += [f"{test.verdict} in one test, allowed: {allowed}" for test in tests if test.verdict not in allowed]
    texts = [text for test in tests for text in (test.stdout, test.stderr, said(test.verdict, test.detail))]
    texts.append(said(got.verdict, got.detail))
    wrong += [f"it says {text[:200]!r}" for text in texts if "BROKEN" in text]
    wrong += host.leaks(texts)
    details = [got.detail, *(test.detail for test in tests)]
    wrong += [
        f"unfit for a terminal: {text[:200]!r}"
        for text in details
        if not text.isprintable() or len(text) > DETAIL_CHARACTERS
    ]
    if (words := attack.header.get("detail", "")) not in got.detail:
        wrong.append(f"the detail does not say {words!r}: {got.detail}")
    for test in tests:
        for cost in (test.cpu_seconds, test.wall_seconds, test.memory_mb):
            if not (math.isfinite(cost) and 0 <= cost < 1e5):
                wrong.append(f"a cost of {cost}")
    return wrong


def said(verdict: Verdict, detail: str) -> str:
    """Return what of a detail can come from the program: a wrong answer is shown together with the right one."""
    words, found, _ = detail.rpartition(", expected ")
    return words if found and verdict is Verdict.WA else detail


def config_for(jail: str, **changes: Any) -> VerifierConfig:
    """Return settings for one of `JAILS`, under which every failure shows at once."""
    tier = cast(Tier, "namespaces" if jail == "bwrap" else jail)
    changes = {"compile_seconds": 2, "retries": 0, "cache_entries": 0, "recheck_timeouts": False, **changes}
    return VerifierConfig(tier=tier, bwrap=jail == "bwrap", **changes)


def run_alone(jail: str, isolate: bool, attacks: list[Attack]) -> list[dict[str, Any]]:
    """Run attacks one after the other on one worker."""
    with Host() as host:
        trial = Trial(host, config_for(jail, isolate_tests=isolate))
        results = [trial.run(attack) for attack in attacks]
        trial.verifier.close()
        results.append({"attack": "after all", "verdict": "", "seconds": 0.0, "wrong": host.leftovers()})
    if not isolate:
        results = [{**result, "attack": f"{result['attack']}, together"} for result in results]
    return results


def run_beside(jail: str, attacks: list[Attack]) -> list[dict[str, Any]]:
    """Run attacks while good programs run on another worker; none of those may notice."""
    good = good_problem(sleep=0.2)
    with Host() as host:
        with Verifier(config_for(jail, workers=2)) as verifier:
            # Where programs share a user, a worker sets its limit when it starts: here before there is any bomb.
            before = verifier.verify([(good, f"{GOOD}# before, {again}") for again in range(2)])
            batch = [
                pair
                for number, attack in enumerate(attacks)
                for pair in (
                    (attack.problem(host), attack.source),
                    *((good, f"{GOOD}# {number}, {again}") for again in range(4)),
                )
            ]
            verdicts = verifier.verify(batch)
        wrong = [f"a good program gets {got.verdict}: {got.detail}" for got in before if not got.passed]
        wrong += [
            f"a neighbour of {problem.id} gets {got.verdict}: {got.detail}"
            for (problem, _), got in zip(batch, verdicts, strict=True)
            if problem.id == "good" and not got.passed
        ]
        wrong += [line for attack, got in zip(attacks, verdicts[::5], strict=True) for line in judge(attack, got, host)]
        return [{"attack": "beside good programs", "verdict": "", "seconds": 0.0, "wrong": wrong + host.leftovers()}]


def main(jail: str, part: int, parts: int, names: list[str]) -> dict[str, Any]:
    """Run a part of the suite against one of `JAILS`; `refused` says why where the machine does not offer it."""
    attacks = [attack for attack in read_attacks() if attack.runs_at(jail) and (not names or attack.name in names)]
    try:
        with Verifier(config_for(jail)) as verifier:
            report = verifier.describe()
        if jail == "bwrap" and report.get("built by") != "bwrap":
            raise VerifierError("bwrap is not installed or cannot be used")
    except VerifierError as error:
        return {"refused": str(error), "report": {}, "due": [], "results": []}
    due = [attack for attack in attacks if attack.runs_as(report["user"])]
    mine = due[part::parts]
    results = run_alone(jail, True, mine)
    results += run_alone(jail, False, [attack for attack in mine if attack.runs_together])
    results += run_beside(jail, [attack for attack in mine if "neighbours" in attack.header])
    return {"refused": "", "report": report, "due": [attack.name for attack in due], "results": results}


if __name__ == "__main__":
    json.dump(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]), sys.stdout)
