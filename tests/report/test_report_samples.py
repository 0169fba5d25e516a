"""The sample: the same problems for every arm, chosen by id alone, bounded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.episodes import Episode
from cppo.report.inputs import Arm, read_run
from cppo.report.samples import Attempt, Entry, choose_problems, clip, sample_entries, statements


def test_every_arm_shows_its_first_k_attempts_at_the_same_problems(run_directory: Path) -> None:
    data = read_run(run_directory)
    entries = sample_entries(data, problems=9)
    by_arm: dict[str, list[str]] = {}
    for entry in entries:
        by_arm.setdefault(entry.arm.name, []).append(entry.problem_id)
        spent = len(entry.attempts) + len(entry.faults) * (4 if entry.arm.method == "tuple" else 1)
        assert spent == 4
        assert entry.passed == any(attempt.verdict == "AC" for attempt in entry.attempts)
    assert list(by_arm) == [arm.name for arm in data.results.arms]
    assert len(set(map(tuple, by_arm.values()))) == 1
    assert len({(e.family, e.trait) for e in entries}) == 9
    assert all(entry.statement.startswith("Round ") for entry in entries)


def test_the_size_limit_drops_whole_problems(run_directory: Path) -> None:
    data = read_run(run_directory)
    everything = sample_entries(data, problems=4)
    first = everything[0].problem_id
    enough_for_one = sum(entry.size for entry in everything if entry.problem_id == first)
    left = sample_entries(data, problems=4, total_limit=enough_for_one)
    assert [entry.problem_id for entry in left] == [first] * len(data.results.arms)
    assert sample_entries(data, problems=4, total_limit=enough_for_one - 1) == []


def test_size_is_that_of_the_escaped_text() -> None:
    attempt = Attempt("A", "é", None, "<b>", "WA", "wrong answer", False, "&")
    arm = Arm(name="a", title="A", method="tuple", stage="sft", independent=False, pass_at={}, attempts=1, tokens={})
    entry = Entry(arm, "p", "", "", "x", (attempt,), (("order", "y"),), "")
    assert entry.size == len("x") + len("y") + 2 + len("&lt;b&gt;") + len("&amp;")


@settings(max_examples=30)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_the_choice_depends_on_ids_alone(order: list[int], count: int) -> None:
    episodes = [
        Episode("a", f"p{i}", 0, metadata={"family": "f", "trait": "even" if i % 2 == 0 else "odd"}) for i in range(12)
    ]
    chosen = choose_problems([episodes[i] for i in order], count)
    assert chosen == choose_problems(episodes, 12)[:count]
    even = sum(int(name[1:]) % 2 == 0 for name in chosen)
    assert abs(even - (count - even)) <= 1


def test_statements_that_cannot_be_had_are_left_out(tmp_path: Path) -> None:
    assert statements({}) == {}
    assert statements({"problems": {"source": "files", "test": str(tmp_path / "gone.jsonl")}}) == {}
    assert statements({"problems": {"source": "nowhere"}}) == {}


def test_long_texts_are_cut_and_say_so() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcdef", 4) == "abcd\n… (2 more characters)"


def test_a_run_without_a_testbed_has_a_sample_too(run_directory: Path) -> None:
    data = read_run(run_directory)
    bare = {
        name: [dataclasses.replace(episode, metadata={}) for episode in mine] for name, mine in data.episodes.items()
    }
    entries = sample_entries(dataclasses.replace(data, episodes=bare, config={}), problems=3)
    assert len(entries) == 18
    assert {(entry.family, entry.trait, entry.statement) for entry in entries} == {("", "", "")}
