"""Every program of `attacks/` against every tier of the jail that this machine offers, as every kind of user.

As root each tier is tried as root, as an ordinary user and with the rights that Docker gives (see `attack_users`); else
as the user that runs the tests.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attack_host import Host
from attack_programs import JAILS, Attack, read_attacks
from attack_runner import Trial, config_for, judge
from attack_users import USERS

from cppo.verifier import ProgramVerdict, TestResult, Verdict

HERE = Path(__file__).parent
PARTS = 2
SECONDS = 280.0

ATTACKS = read_attacks()
AS_ROOT = (
    os.geteuid() == 0 and subprocess.run([sys.executable, HERE / "attack_users.py", "root", "true"]).returncode == 0
)
"""Root with the right to make namespaces: only then can other users be tried."""
WHOLE = [("root", "namespaces"), ("ordinary", "namespaces"), ("container-root", "landlock"), ("ordinary", "rlimits")]
"""With these users the whole suite is run; with the others what user and jail can change."""
SETTINGS = [
    pytest.param(user, jail, marks=[] if jail == "namespaces" else [pytest.mark.slow], id=f"{user}-{jail}")
    for user in (USERS if AS_ROOT else ("me",))
    for jail in JAILS
]


def chosen(user: str, jail: str) -> list[str]:
    """Return the names of the attacks to be run with one user against one jail."""
    whole = user == "me" or (user, jail) in WHOLE
    return [attack.name for attack in ATTACKS if attack.runs_at(jail) and (whole or attack.about_the_jail)]


def command(user: str, *arguments: str) -> list[str]:
    """Return the command that runs the interpreter with `arguments` as `user`."""
    become = [] if user == "me" else [sys.executable, str(HERE / "attack_users.py"), user]
    return [*become, sys.executable, *arguments]


@functools.cache
def outcome(user: str, jail: str) -> dict[str, Any]:
    """Run the suite once, in several processes at the same time; return what was wrong by attack."""
    probe = subprocess.run(command(user, "-c", "import cppo.verifier"), capture_output=True, text=True, check=False)
    if probe.returncode:
        words = f"the package cannot be used as {user}: {probe.stderr[-500:]}"
        return {"refused": words, "report": {}, "due": [], "results": {}}
    script = str(HERE / "attack_runner.py")
    started = [
        subprocess.Popen(
            command(user, script, jail, str(part), str(PARTS), *(chosen(user, jail) or ["none"])),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        for part in range(PARTS)
    ]
    try:
        said = [process.communicate(timeout=SECONDS) for process in started]
    finally:
        for process in started:
            process.kill()
    failed = [words for process, (_, words) in zip(started, said, strict=True) if process.returncode]
    if failed:
        raise RuntimeError(f"the suite could not be run as {user} in {jail}: {failed[0][-2000:]}")
    answers = [json.loads(text) for text, _ in said]
    results: dict[str, list[str]] = {}
    for answer in answers:
        for result in answer["results"]:
            results.setdefault(result["attack"], []).extend(result["wrong"])
    return {**{key: answers[0][key] for key in ("refused", "report", "due")}, "results": results}


@pytest.mark.parametrize(("user", "jail"), SETTINGS)
def test_the_jail_holds(user: str, jail: str) -> None:
    got = outcome(user, jail)
    if got["refused"]:
        pytest.skip(f"{jail} as {user}: {got['refused']}")
    for_all = {attack.name for attack in ATTACKS if "users" not in attack.header} & set(chosen(user, jail))
    assert for_all <= set(got["due"])
    assert {*got["due"], "after all", "beside good programs"} <= set(got["results"])
    wrong = [f"{name}: {line}" for name, lines in got["results"].items() for line in lines]
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(not AS_ROOT, reason="needs root to take rights away")
@pytest.mark.parametrize("user", ["container-root", "container-user"])
def test_a_container_gets_landlock_and_says_why(user: str) -> None:
    for jail in ("bwrap", "namespaces"):
        assert "Operation not permitted" in outcome(user, jail)["refused"]
    assert outcome(user, "best")["report"]["tier"] == "landlock"


def test_every_attack_says_how_it_is_judged() -> None:
    assert len(ATTACKS) >= 200
    for attack in ATTACKS:
        assert any(attack.runs_at(jail) for jail in JAILS) or "machine" in attack.header
        assert set(attack.header["allowed"].split()) <= {"WA", "TLE", "MLE", "OLE", "RE", "CE"}
        assert attack.header["mode"] in ("stdin", "call")


@pytest.mark.parametrize(
    "line", ["# allowed: WA", "# mode: call\n# allowed: AC", "# mode: call\n# allowed: WA\n# x: 1"]
)
def test_an_attack_with_a_wrong_header_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "attack.py"
    path.write_text(f'{line}\n"""Text."""\n')
    with pytest.raises(ValueError, match=str(path)):
        Attack.read(path)


# The rest shows that every check of the suite can fail.


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


MADE = Attack("made", "", {"mode": "stdin", "allowed": "WA RE", "detail": "said"})
HARMLESS = TestResult(Verdict.WA, 0.1, 0.2, 3.0, detail="said")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": Verdict.AC}, "AC, allowed"),
        ({"verdict": Verdict.INFRA}, "INFRA, allowed"),
        ({"verdict": Verdict.TLE}, "TLE in one test"),
        ({"detail": "said BROKEN"}, "it says 'said BROKEN'"),
        ({"stdout": "BROKEN"}, "it says 'BROKEN'"),
        ({"stderr": "x BROKEN"}, "it says 'x BROKEN'"),
        ({"detail": "wrote 'BROKEN', expected 'x' said"}, "it says"),
        ({"detail": "said \x1b[2J"}, "unfit for a terminal"),
        ({"detail": "said " * 500}, "unfit for a terminal"),
        ({"detail": "silent"}, "the detail does not say"),
        ({"cpu_seconds": -1.0}, "a cost of -1.0"),
        ({"wall_seconds": float("nan")}, "a cost of nan"),
        ({"memory_mb": 1e9}, "a cost of"),
    ],
)
def test_a_wrong_verdict_is_noticed(host: Host, changes: dict[str, Any], words: str) -> None:
    test = dataclasses.replace(HARMLESS, **changes)
    assert judge(MADE, ProgramVerdict(HARMLESS.verdict, (HARMLESS,), "said"), host) == []
    assert any(words in line for line in judge(MADE, ProgramVerdict(test.verdict, (test,), test.detail), host))


def test_a_secret_is_noticed_but_not_the_answer_that_the_verifier_itself_shows(host: Host) -> None:
    shown = dataclasses.replace(HARMLESS, detail=f"said 'x', expected '{host.expected[0]}'")
    assert judge(MADE, ProgramVerdict(Verdict.WA, (shown,), shown.detail), host) == []
    for secret in (*host.secrets, *host.expected):
        leaks: list[dict[str, Any]]
        leaks = [{"stdout": secret}, {"stderr": secret}, {"detail": f"said {secret}, expected 1"}]
        for leak in leaks:
            told = dataclasses.replace(HARMLESS, **leak)
            assert any("a secret" in line for line in judge(MADE, ProgramVerdict(Verdict.WA, (told,), "said"), host))


def touch(host: Host, what: str) -> None:
    """Do to the host what an attack would."""
    if what == "drop":
        (host.drop / "file").touch()
    elif what == "temporary":
        (host.temporary / f"{host.mark}-file").touch()
    elif what == "changed":
        host.victim.write_text("other")
    elif what == "gone":
        host.victim.unlink()
    elif what == "mode":
        host.victim.chmod(0o777)
    elif what == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("127.0.0.1", host.facts["udp"]))
    else:
        address = {"tcp": ("127.0.0.1", host.facts["tcp"]), "unix": host.facts["unix"], "abstract": "\0" + host.mark}[
            what
        ]
        with socket.socket(socket.AF_INET if what == "tcp" else socket.AF_UNIX) as client:
            client.connect(address)


@pytest.mark.parametrize("what", ["drop", "temporary", "changed", "gone", "mode", "udp", "tcp", "unix", "abstract"])
def test_every_trace_is_noticed(host: Host, what: str) -> None:
    assert host.traces([]) == []
    touch(host, what)
    assert len(host.traces([])) == 1
    assert host.leftovers() == [] or what in ("drop", "temporary")


def test_what_a_verifier_leaves_in_the_temporary_directory_is_noticed(host: Host) -> None:
    (host.temporary / "cppo-1234").mkdir()
    assert host.leftovers() == ["cppo-1234 was left in the temporary directory"]


def test_a_survivor_is_noticed_also_when_its_parent_has_ended(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attack_host.SETTLE_SECONDS", 0.2)
    orphan = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n    time.sleep(60)"
    )
    said = subprocess.Popen([sys.executable, "-c", orphan], stdout=subprocess.PIPE, text=True)
    assert said.stdout is not None
    pid = int(said.stdout.readline())
    said.wait()
    (line,) = host.traces([])
    assert line.startswith(f"process {pid} ('")
    assert "survives" in line
    assert "import os, time" in line
    assert host.traces([pid]) == []
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert host.traces([]) == []
    said.stdout.close()


def test_a_harmed_neighbour_and_a_broken_verifier_are_noticed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(host, config_for("best"))
    verify = trial.verifier.verify

    def broken(batch: Any, **keywords: Any) -> list[ProgramVerdict]:
        if batch[0][0].id == MADE.name:
            raise OverflowError("too large")
        return verify(batch, **keywords)

    with trial.verifier:
        monkeypatch.setattr("attack_runner.GOOD", "print('harmed')")
        monkeypatch.setattr(trial.verifier, "verify", broken)
        monkeypatch.setattr(trial, "_start", lambda: None)
        wrong = trial.run(MADE)["wrong"]
    assert wrong[0] == "the verifier raised OverflowError('too large')"
    assert wrong[1].startswith("the next program gets WA")
