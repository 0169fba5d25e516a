"""Answers on disk: what is asked again, what is not, and a process that is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_model import Model

from cppo.errors import DataError, ModelError
from cppo.grid.answers import Answers, completion_of, request_name, row_of
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets
from cppo.grid.run import run_grid
from cppo.policy.engine import Completion, Done, GenerationRequest, StopReason, Usage
from cppo.progress import Reporter
from cppo.text import Prompt

MakeGrid = Callable[..., Grid]


def request(number: int) -> GenerationRequest:
    return GenerationRequest(Prompt(f"Print {number}.", "```python\n", ("```",)), 50, 0.7, number)


class Engine:
    """Answers with the seed, and dies at a request if it is told to."""

    def __init__(self, dies_at: int = -1, fails_at: int = -1) -> None:
        self.dies_at, self.fails_at = dies_at, fails_at
        self.asked: list[int] = []

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        found = []
        for i, one in enumerate(requests):
            if one.seed == self.dies_at:
                raise ModelError("the server is gone")
            self.asked.append(one.seed)
            text, stop = f"answer {one.seed}", StopReason.ERROR if one.seed == self.fails_at else StopReason.END
            found.append(Completion(text, (1, 2, 3), (4, 5), stop))
            if on_done is not None:
                on_done(i, found[i])
        return found


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    path, requests = tmp_path / "deep" / "answers.jsonl", [request(i) for i in range(6)]
    with Answers(path, lambda: Engine(dies_at=4, fails_at=1)) as answers, pytest.raises(ModelError, match="gone"):
        answers.generate(requests)
    engine, heard = Engine(), []
    with Answers(path, lambda: engine) as answers:
        found = answers.generate(requests[::-1], lambda i, completion: heard.append((i, completion.text)))
    assert engine.asked == [5, 4, 1]  # a failed call is no answer
    assert [one.text for one in found] == [f"answer {i}" for i in (5, 4, 3, 2, 1, 0)]
    assert sorted(heard) == [(i, f"answer {5 - i}") for i in range(6)]
    assert [(one.tokens_in, one.tokens_out) for one in found] == [(3, 2)] * 6


def test_no_engine_is_brought_up_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Answers(path, Engine) as answers:
        answers.generate([request(1)])

    def never() -> Engine:
        raise AssertionError("there is nothing to ask")

    with Answers(path, never) as answers:
        assert answers.generate([request(1)])[0].text == "answer 1"
        answers.drop()
    assert not path.exists()


def test_half_a_line_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Answers(path, Engine) as answers:
        answers.generate([request(1), request(2)])
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        engine = Engine()
        with Answers(path, lambda engine=engine: engine) as answers:  # type: ignore[misc]
            answers.generate([request(1), request(2)])
        lines = whole[:cut].count(b"\n") + (cut in (whole.index(b"\n"), len(whole) - 1))
        assert engine.asked == [1, 2][lines:]
        with Answers(path, lambda: Engine(dies_at=1)) as answers:  # what came after half a line can be read
            assert len(answers.generate([request(1), request(2)])) == 2


def test_what_the_hearer_raises_is_raised(tmp_path: Path) -> None:
    def hears(i: int, _: Completion) -> None:
        if i == 2:
            raise DataError("no tests")

    with Answers(tmp_path / "answers.jsonl", Engine) as answers:
        with pytest.raises(DataError, match="no tests"):
            answers.generate([request(i) for i in range(3)], hears)
        with pytest.raises(DataError, match="no tests"):  # now from the file
            answers.generate([request(i) for i in range(3)], hears)


def test_another_request_is_another_one() -> None:
    one = request(1)
    changes = [
        {"prompt": Prompt("Print 2.", "```python\n", ("```",))}, {"prompt": Prompt("Print 1.")}, {"max_tokens": 51},
        {"temperature": 0.0}, {"seed": 2}, {"min_p": 0.1},
    ]  # fmt: skip
    names = {request_name(replace(one, **change)) for change in changes}  # type: ignore[arg-type]
    assert len(names) == 6
    assert request_name(one) not in names
    assert request_name(request(1)) == request_name(one)


@given(st.text(), st.sampled_from([StopReason.END, StopReason.STOP, StopReason.LENGTH]), st.booleans())
def test_an_answer_survives_its_file(text: str, stop: StopReason, estimated: bool) -> None:
    completion = Completion(text + "\ud800", (), (), stop, usage=Usage(7, 9, estimated))
    assert completion_of(json.loads(json.dumps(row_of(completion)))) == completion


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [{here!r}]
from scripted_model import Model
import os, signal
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets
from cppo.grid.run import run_grid
from cppo.progress import Reporter
calls = []
def dies(request):
    calls.append(1)
    if len(calls) > 17:
        os.kill(os.getpid(), signal.SIGKILL)
    return False
grid = Grid.load(Path({directory!r}))
with grid.open():
    run_grid(grid, load_sets(grid, Reporter()), Reporter(), Model(dies))
"""


def test_a_process_that_is_killed_loses_no_answer(grid: MakeGrid) -> None:
    made = grid()
    with made.open():
        pass
    code = KILLED.format(here=str(Path(__file__).parent), directory=str(made.directory))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    rest = Model()
    with made.open():
        run_grid(made, load_sets(made, Reporter()), Reporter(), rest)
    assert len(rest.asked) == 25 - 17
