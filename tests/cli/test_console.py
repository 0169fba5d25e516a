"""Progress on a terminal and without one; the second lane."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cppo.cli.console import LiveReporter, PlainReporter, make_reporter
from cppo.progress import Reporter


def test_without_a_terminal_lines_are_plain_and_rare(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 2.0, 20.0, 21.0])
    monkeypatch.setattr("cppo.cli.console.time.monotonic", lambda: next(clock))
    reporter = PlainReporter()
    reporter.begin("joint", 40, 10)
    reporter.advance(11)  # 1 s after the start: silent
    reporter.advance(12)
    reporter.advance(20, {"r_out": 0.51234})  # 10 steps in 20 s, 20 left
    reporter.advance(21)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["joint 20/40 steps, 0.50/s, 40 s left  r_out 0.512"]


def test_the_last_step_is_always_told(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.begin("sft", 2, unit="update")
    reporter.advance(2)
    assert capsys.readouterr().err.startswith("sft 2/2 updates")


def test_the_second_lane_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.lane("baselines", "begin", ["grpo", 2, 0, "step"])
    reporter.lane("baselines", "advance", [2, {}])
    reporter.lane("baselines", "say", ["grpo: done"])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[baselines] grpo 2/2 steps")
    assert lines[1] == "[baselines] grpo: done"


def test_a_terminal_gets_bars_and_gets_its_cursor_back() -> None:
    stream = io.StringIO()
    reporter = LiveReporter(Console(file=stream, force_terminal=True, width=100, highlight=False))
    reporter.begin("joint", 4)
    reporter.lane("baselines", "begin", ["grpo", 8, 2, "step"])
    reporter.advance(2, {"r_out": 0.5})
    reporter.lane("baselines", "advance", [3, {}])
    reporter.progress.refresh()
    reporter.say("[not markup]")
    reporter.close()
    text = stream.getvalue()
    assert "joint" in text
    assert "grpo" in text
    assert "2/4" in text
    assert "3/8" in text
    assert "[not markup]" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # cursor shown after it was hidden


def test_quiet_is_silent() -> None:
    assert type(make_reporter(quiet=True)) is Reporter
