"""`cppo doctor`: what it says of machines that are made up, and of this one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cppo.cli import doctor as doctor_module
from cppo.cli.main import main
from cppo.errors import VerifierError
from cppo.problems import Problem
from cppo.verifier import ProgramVerdict, Verdict, VerifierConfig

ORDER = ("namespaces", "landlock", "rlimits")


class FakeVerifier:
    """A verifier on a machine that permits the tiers of `permitted`; `verdicts` are those of the self-test."""

    permitted: tuple[str, ...] = ORDER
    calls = "filtered (seccomp)"
    verdicts = (Verdict.AC, Verdict.WA, Verdict.TLE, Verdict.RE, Verdict.RE)

    def __init__(self, config: VerifierConfig) -> None:
        sealed = [name for name in ORDER[:2] if name in self.permitted]
        self.tier = config.tier if config.tier != "best" else (sealed or [""])[0]

    def __enter__(self) -> FakeVerifier:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def describe(self) -> dict[str, str]:
        if self.tier not in self.permitted:
            raise VerifierError(f"the tier {self.tier or 'best'} is refused: no such thing")
        return {"tier": self.tier, "python": "3.11.7", "system calls": self.calls, "network": "none"}

    def verify(self, batch: Sequence[tuple[Problem, str]]) -> list[ProgramVerdict]:
        assert [problem.id for problem, _ in batch] == ["add", "add", "add", "steal", "connect"]
        return [ProgramVerdict(verdict, (), "why") for verdict in self.verdicts]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeVerifier]:
    """A made-up verifier in place of the real one."""

    class Fake(FakeVerifier):
        pass

    monkeypatch.setattr(doctor_module, "Verifier", Fake)
    return Fake


@pytest.mark.usefixtures("fake")
def test_a_sealed_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "tier in use: namespaces: programs are sealed in" in out
    assert "  system calls  filtered (seccomp)\n" in out
    assert "  it stops\n    processor and wall time" in out
    assert "  it does not stop\n" in out
    assert "tier landlock: available" in out
    assert "  ok    the network is out of reach (RE)" in out
    assert "FAIL" not in out
    assert "for a better tier" not in out


def test_the_second_tier_is_sealed_too_and_says_why_not_the_first(
    fake: type[FakeVerifier], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.permitted = ORDER[1:]
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "tier in use: landlock: programs are sealed in" in out
    assert "tier namespaces: not here\n  the tier namespaces is refused: no such thing\n" in out


def test_a_machine_without_a_sealed_tier(fake: type[FakeVerifier], capsys: pytest.CaptureFixture[str]) -> None:
    fake.permitted = ("rlimits",)
    assert main(["doctor", "--json"]) == 4
    result = json.loads(capsys.readouterr().out)
    assert (result["tier"], result["sealed"]) == (None, False)
    assert result["error"] == "the tier best is refused: no such thing"
    assert result["self_test"] == []
    assert main(["doctor"]) == 4
    out = capsys.readouterr().out
    assert "no tier can be used: the tier best is refused" in out
    assert "tier rlimits: available" in out


@pytest.mark.parametrize("leak", [3, 4])
def test_a_jail_that_leaks_is_not_called_sealed(
    fake: type[FakeVerifier], capsys: pytest.CaptureFixture[str], leak: int
) -> None:
    fake.verdicts = tuple(Verdict.AC if i == leak else verdict for i, verdict in enumerate(FakeVerifier.verdicts))
    assert main(["doctor"]) == 4
    out = capsys.readouterr().out
    assert "PROGRAMS ARE NOT SEALED IN" in out
    assert out.count("FAIL") == 1


def test_a_jail_without_a_filter_on_system_calls_is_not_called_sealed(
    fake: type[FakeVerifier], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.calls = "not filtered: libseccomp was not found"
    assert main(["doctor"]) == 4
    assert "PROGRAMS ARE NOT SEALED IN" in capsys.readouterr().out


def test_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor", "--json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert list(result["tiers"]) == list(ORDER)
    assert status == (0 if result["sealed"] else 4)
    passed = all(check["passed"] for check in result["self_test"])
    if result["sealed"]:
        assert passed
        assert result["tier"] in ORDER[:2]
    if result["tier"] is not None:  # on any machine that has a tier, right and wrong are told apart
        assert [check["passed"] for check in result["self_test"][:3]] == [True, True, True]
    assert result["machine"]["processors"] >= 1
