"""Named sets: what a name asks for, and which problems a count takes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from dataset_rows import APPS_GOOD, BENCH_GOOD, apps_row, bench_row, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from cppo.errors import ConfigError, DataError
from cppo.problems.datasets import DataSetFiles, open_source
from cppo.problems.datasets.subsets import SEED, chosen, is_name, parse_name, rank
from cppo.seeding import derive_seed

IDS = [f"apps/test/{number}" for number in range(30)]


def easy_rows(count: int) -> list[dict[str, Any]]:
    return [apps_row(number, f"Task {number}.", {"inputs": ["1"], "outputs": ["1"]}) for number in range(count)]


def taken(folder: Path, text: str) -> list[str]:
    return [problem.id for problem in open_source(text, data=folder).problems()]


@pytest.mark.parametrize(
    ("text", "parts", "asked", "count"),
    [
        ("apps", ("test",), {"split": "test"}, None),
        ("apps:introductory:200", ("test",), {"split": "test", "difficulty": "introductory"}, 200),
        ("apps:train:interview", ("train",), {"split": "train", "difficulty": "interview"}, None),
        ("codecontests:valid:100", ("valid",), {"split": "valid"}, 100),
        (
            "livecodebench:v2:hard:2023-05-01..2024-01-31:7",
            ("test", "test2"),
            {
                "release": "release_v2",
                "files": "test.jsonl, test2.jsonl",
                "difficulty": "hard",
                "window": "2023-05-01..2024-01-31",
            },
            7,
        ),
    ],
)
def test_names_say_what_they_ask_for(
    text: str, parts: tuple[str, ...], asked: dict[str, str], count: int | None
) -> None:
    named = parse_name(text)
    assert (named.name, named.choice.parts, dict(named.choice.asked), named.count) == (text, parts, asked, count)


def test_v6_with_300_problems_means_the_release() -> None:
    named = parse_name("livecodebench:v6:300")
    assert len(named.choice.parts) == 6
    assert sum(named.dataset.published[part] for part in named.choice.parts) == 1055
    assert named.dataset.published["test6"] < 300
    assert named.choice.label == "release_v6 (test.jsonl to test6.jsonl)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aps:introductory", r"unknown data set 'aps' \(did you mean 'apps'\?\); allowed: apps, codecontests"),
        ("apps:introductry:200", r"no 'introductry' \(did you mean 'introductory'\?\)"),
        ("apps:introductory:0", "asks for 0 problems"),
        ("apps:introductory:-3", "no '-3'"),
        ("apps:200:introductory", "no '200'"),
        ("apps:", "no ''"),
        ("codecontests", "needs one split, given ''"),
        ("codecontests:100", "needs one split, given ''"),
        ("codecontests:vald", r"given 'vald' \(did you mean 'valid'\?\)"),
        ("codecontests:train:valid", "needs one split"),
        ("livecodebench:v9:300", "no 'v9'"),
        ("livecodebench:v6_v4", "no 'v6_v4'"),
        ("apps:train:test", "apps is given both 'train' and 'test'"),
        ("apps:interview:introductory:20", "given both 'interview' and 'introductory'"),
        ("livecodebench:v6:v6-only", "livecodebench is given both 'v6' and 'v6-only'"),
        ("livecodebench:easy:v6:hard", "given both 'easy' and 'hard'"),
        ("livecodebench:2025-01-01..:..2025-04-30", r"given both '2025-01-01\.\.' and '\.\.2025-04-30'"),
    ],
)
def test_names_that_mean_nothing_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_name(text)


def test_names_and_paths_are_told_apart() -> None:
    assert is_name("apps")
    assert is_name("livecodebench:v6")
    assert not any(map(is_name, ("./apps", "apps.jsonl", "data/apps:1", "", "APPS")))


def test_the_rule_is_the_documented_one() -> None:
    assert SEED == 0
    order = sorted(IDS, key=lambda name: derive_seed("evaluation set", 0, name))
    assert chosen(IDS, 4) == set(order[:4])
    assert rank("apps/test/7") == (derive_seed("evaluation set", 0, "apps/test/7"), "apps/test/7")
    assert chosen(IDS, 4, seed=1) != chosen(IDS, 4)


@given(st.lists(st.text(min_size=1), unique=True, max_size=30), st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_choice_depends_on_ids_alone_and_grows_by_addition(ids: list[str], count: int, rng: random.Random) -> None:
    choice = chosen(ids, count)
    assert len(choice) == min(count, len(ids))
    shuffled = ids.copy()
    rng.shuffle(shuffled)
    assert chosen(shuffled, count) == choice
    assert choice <= chosen(ids, count + 3)
    if ids:
        left = chosen(ids[1:], count)
        assert len(choice - left) <= 1 and choice - left <= {ids[0]}  # noqa: PT018


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    rows = easy_rows(20)
    write_jsonl(tmp_path / "a" / "test.jsonl", rows)
    write_jsonl(tmp_path / "b" / "test.jsonl", rows[::-1])
    one, other = (taken(tmp_path / name, "apps:introductory:6") for name in "ab")
    assert len(one) == 6
    assert one == other[::-1]
    assert set(one) == chosen([f"apps/test/{number}" for number in range(20)], 6)
    assert set(taken(tmp_path / "a", "apps:introductory:3")) < set(one)


def test_dropping_one_lets_the_next_in_and_changes_no_other(tmp_path: Path) -> None:
    rows = easy_rows(20)
    write_jsonl(tmp_path / "a" / "test.jsonl", rows)
    before = taken(tmp_path / "a", "apps:6")
    gone = int(before[2].rpartition("/")[2])
    rows[gone] = {**rows[gone], "input_output": ""}
    write_jsonl(tmp_path / "b" / "test.jsonl", rows)
    after = taken(tmp_path / "b", "apps:6")
    assert len(after) == 6
    assert set(before) - set(after) == {before[2]}


def test_a_set_says_what_it_is_of(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", BENCH_GOOD[:2])
    write_jsonl(tmp_path / "test2.jsonl", [*BENCH_GOOD[2:], bench_row("bad", metadata="[]")])
    source = open_source("livecodebench:v2:3", data=tmp_path)
    assert isinstance(source, DataSetFiles)
    problems = list(source.problems())
    assert len(problems) == 3
    assert {p.metadata["set"] for p in problems} == {"livecodebench:v2:3"}
    assert {p.metadata["file"] for p in problems} <= {"test.jsonl", "test2.jsonl"}
    facts = source.facts()
    dates = [p.metadata["contest_date"] for p in problems]
    assert (facts["first_contest"], facts["last_contest"]) == (min(dates), max(dates))
    assert facts["what"] == "release_v2 (test.jsonl to test2.jsonl)"
    assert (facts["set"], facts["seed"], facts["revision"]) == ("livecodebench:v2:3", 0, "folder")
    assert (facts["rows"], facts["dropped"]["bad-field"]["count"]) == (5, 1)
    assert source.unpublished_rows().startswith("5 rows were read, but 511 were published")


def test_too_few_problems_are_an_error_with_the_reasons(tmp_path: Path) -> None:
    row = apps_row(9, "If there are multiple answers, print any.", {"inputs": ["1"], "outputs": ["1"]})
    write_jsonl(tmp_path / "test.jsonl", [*APPS_GOOD, row])
    message = r"asks for 6 problems, but only 5 of 6 are usable \(dropped: several-answers 1\); ask for fewer, or keep"
    with pytest.raises(DataError, match=message):
        list(open_source("apps:6", data=tmp_path).problems())


def test_rows_that_are_not_asked_for_are_not_drops(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [*APPS_GOOD, {**APPS_GOOD[1], "id": 8, "input_output": ""}])
    source = open_source("apps:introductory", data=tmp_path)
    assert isinstance(source, DataSetFiles)
    assert len(list(source.problems())) == 4
    assert (source.rows, source.wanted, source.drops.total) == (6, 4, 0)


def test_a_file_that_changes_between_the_readings_is_noticed(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", easy_rows(3))
    source = open_source("apps:3", data=tmp_path)
    problems = source.problems()
    first = next(problems)
    assert first.id == "apps/test/0"
    write_jsonl(path, easy_rows(3))  # same name, same rows: nothing to notice
    assert isinstance(source, DataSetFiles)
    swapped = write_jsonl(tmp_path / "test.jsonl", easy_rows(3)[::-1])
    again = source._again({f"{swapped}, line 1": "apps/test/0"})
    with pytest.raises(DataError, match="line 1 has changed since it was read"):
        next(again)
    with pytest.raises(DataError, match="has changed since it was read"):
        list(source._again({f"{swapped}, line 99": "apps/test/0"}))
