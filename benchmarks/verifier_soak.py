"""Does the verifier stay itself? The attack suite mixed with good and wrong programs, round after round.

    python benchmarks/verifier_soak.py [--minutes 20] [--workers 2] [--json FILE]

Every round runs each attack of tests/verifier/attacks once among good programs, wrong ones and some that do not
compile, in an order of its own. Counted: programs whose verdict is not the known one, attacks with a verdict that is
not allowed, and what could leak: processes, descriptors, memory and files of the verifier and its workers, taken after
the first rounds and after every later one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from cppo.problems import Problem, TestCase
from cppo.verifier import Verifier, VerifierConfig

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "verifier"))
from attack_host import Host
from attack_programs import Attack, read_attacks

SUM = Problem("sum", "", [TestCase(f"{n} 2\n", f"{n + 2}\n") for n in range(10)])
KNOWN = {
    "AC": "a, b = map(int, input().split())\nprint(a + b)  # {}\n",
    "WA": "a, b = map(int, input().split())\nprint(a + b if a < 5 else 0)  # {}\n",
    "RE": "a, b = map(int, input().split())\nprint(a + b if a < 5 else a // 0)  # {}\n",
    "CE": "a, b = map(int, input().split()\nprint(a + b)  # {}\n",
}
COPIES = 60
WARM_ROUNDS = 2


def census(verifier_workers: set[int], temporary: Path) -> dict[str, float]:
    """Return what a leak would make grow, over this process and its workers."""
    processes = {os.getpid(), *verifier_workers}
    return {
        "processes": len(verifier_workers),
        "descriptors": sum(map(descriptors, processes)),
        "rss_mb_parent": resident_mb(os.getpid()),
        "rss_mb_workers": sum(map(resident_mb, verifier_workers)),
        "files": len(os.listdir(temporary)) + len(os.listdir("/dev/shm")),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
    }


def descriptors(pid: int) -> int:
    """Return how many files a process has open; 0 when it has just ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return 0


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process; 0 when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def batch_of(turn: int, attacks: list[Attack], host: Host) -> list[tuple[str, Problem, str]]:
    """Return one round: (what it should get, problem, program), shuffled."""
    mixed = [
        (verdict, SUM, source.format(f"{turn}.{number}"))
        for verdict, source in KNOWN.items()
        for number in range(COPIES)
    ]
    mixed += [(f"attack {attack.name}", attack.problem(host), f"{attack.source}\n# {turn}") for attack in attacks]
    random.Random(turn).shuffle(mixed)
    return mixed


def soak(seconds: float, workers: int) -> dict[str, Any]:
    """Run rounds until the time is up; return what was seen."""
    config = VerifierConfig(workers=workers, cache_entries=0)
    surprises: Counter[str] = Counter()
    seen: dict[str, set[str]] = {}
    censuses, rates = [], []
    programs = 0
    with Host() as host:
        verifier = Verifier(config)
        report = verifier.describe()
        jail = "bwrap" if report.get("built by") == "bwrap" else report["tier"]
        attacks = [attack for attack in read_attacks() if attack.runs_at(jail)]
        allowed = {f"attack {attack.name}": attack.header["allowed"].split() for attack in attacks}
        started = time.monotonic()
        turn = 0
        while time.monotonic() < started + seconds or turn <= WARM_ROUNDS:
            batch = batch_of(turn, attacks, host)
            began = time.monotonic()
            verdicts = verifier.verify([(problem, program) for _, problem, program in batch])
            rates.append(len(batch) / (time.monotonic() - began))
            programs += len(batch)
            for (label, _, _), got in zip(batch, verdicts, strict=True):
                seen.setdefault(label, set()).add(str(got.verdict))
                if got.verdict not in allowed.get(label, [label]):
                    surprises[f"{label}: {got.verdict} ({got.detail[:100]})"] += 1
            censuses.append(census(host.descendants() - host.children, host.temporary))
            turn += 1
            print(f"round {turn}, {time.monotonic() - started:.0f} s, {dict(surprises)}, {censuses[-1]}", flush=True)
        first, last = censuses[WARM_ROUNDS], censuses[-1]
        verifier.close()
        left_behind = host.leftovers()
    return {
        "report": report,
        "workers": workers,
        "seconds": time.monotonic() - started,
        "rounds": turn,
        "programs": programs,
        "attacks": len(attacks),
        "programs_per_second": statistics.median(rates),
        "surprises": dict(surprises),
        "verdicts_that_vary": {name: sorted(got) for name, got in seen.items() if len(got) > 1},
        "first": first,
        "last": last,
        "most": {key: max(one[key] for one in censuses[WARM_ROUNDS:]) for key in first},
        "left_behind": left_behind,
    }


def main() -> None:
    """Soak, print a summary, and end with status 1 when anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures = soak(60 * options.minutes, options.workers)
    text = json.dumps(figures, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    sys.exit(1 if figures["surprises"] or figures["left_behind"] else 0)


if __name__ == "__main__":
    main()
