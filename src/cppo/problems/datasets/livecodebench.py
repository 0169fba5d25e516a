"""LiveCodeBench, `livecodebench/code_generation_lite` (Jain et al., arXiv 2403.07974): six files, by contest date.

A release is cumulative: release_v6 is `test.jsonl` and `test2.jsonl` to `test6.jsonl`, 1,055 problems. The file that
came with it alone, `test6.jsonl`, has 175. In names of sets `v6` means the release, because the published table counts
300 problems of "LiveCodeBench-v6", more than the file holds; LiveCodeBench's own script means the file by `v6`. Here
the file is `v6-only`, and `v4_v6` (as there) the files from the fourth to the sixth. A window of contest dates can be
added. Every problem keeps its file and contest date in its metadata, so that a result can say what it is of.

Tests are public and private. The authors left out problems with several right answers, so words are not searched here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from cppo.errors import ConfigError, nearest
from cppo.problems.datasets.dataset import Choice, DataSet, only
from cppo.problems.datasets.drops import Dropped, Reason
from cppo.problems.datasets.fields import Fields, json_of, some, statement_of, stdin_tests, text_of
from cppo.problems.datasets.json_values import parse
from cppo.problems.datasets.packed import LARGEST_BYTES, unpack
from cppo.problems.problem import Problem, TestCase, is_name

FILES = ("test", *(f"test{number}" for number in range(2, 7)))
DIFFICULTIES = ("easy", "medium", "hard")
TEST_KINDS = ("stdin", "functional")

_RELEASE = re.compile(r"(?:release_)?v([1-6])")
_ALONE = re.compile(r"v([1-6])-only")
_RANGE = re.compile(r"v([1-6])_v([1-6])")
_WINDOW = re.compile(r"(?:\d{4}-\d\d-\d\d)?\.\.(?:\d{4}-\d\d-\d\d)?")


def choose(qualifiers: Sequence[str]) -> Choice:
    """Return what a release (default: the last), a difficulty and a window of dates ask for. Raises `ConfigError`.

    A window `2025-01-01..2025-04-30` has both days in it; either may be left out.
    """
    release = difficulty = days = ""
    for qualifier in qualifiers:
        if _files(qualifier):
            release = only("livecodebench", release, qualifier)
        elif qualifier in DIFFICULTIES:
            difficulty = only("livecodebench", difficulty, qualifier)
        elif _WINDOW.fullmatch(qualifier) and qualifier != "..":
            days = only("livecodebench", days, qualifier)
        else:
            allowed = ("v6", "release_v6", "v6-only", "v4_v6", *DIFFICULTIES)
            raise ConfigError(
                f"livecodebench has no {qualifier!r}{nearest(qualifier, allowed)}; a name is "
                "livecodebench[:RELEASE][:DIFFICULTY][:FROM..TO][:COUNT] with a release such as v6 (all files up to "
                "the sixth), v6-only (the sixth file) or v4_v6, easy, medium or hard, and dates as 2025-01-31"
            )
    first, last = _files(release) or (1, len(FILES))
    window = _checked_window(*days.split("..")) if days else ("", "")

    def wanted(row: Fields) -> bool:
        if difficulty and text_of(row, "difficulty") != difficulty:
            return False
        return window == ("", "") or (window[0] <= contest_date(row) <= (window[1] or "9999"))

    parts = FILES[first - 1 : last]
    release = f"release_v{last}" if first == 1 else f"v{last} alone" if first == last else f"v{first} to v{last}"
    label = f"{release} ({parts[0]}.jsonl{f' to {parts[-1]}.jsonl' if len(parts) > 1 else ''})"
    asked = {"release": release, "files": ", ".join(f"{part}.jsonl" for part in parts)}
    if difficulty:
        asked["difficulty"] = difficulty
        label += f", difficulty {difficulty}"
    if window != ("", ""):
        asked["window"] = "..".join(window)
        label += f", contests {asked['window']}"
    return Choice(parts, label, wanted, asked)


def _files(qualifier: str) -> tuple[int, int] | None:
    """Return the first and the last file of a release, counted from 1; None when the qualifier is none."""
    if found := _RELEASE.fullmatch(qualifier):
        return 1, int(found[1])
    if found := _ALONE.fullmatch(qualifier):
        return int(found[1]), int(found[1])
    found = _RANGE.fullmatch(qualifier)
    return (int(found[1]), int(found[2])) if found and found[1] < found[2] else None


def _checked_window(start: str, end: str) -> tuple[str, str]:
    try:
        for day in filter(None, (start, end)):
            date.fromisoformat(day)
    except ValueError as error:
        raise ConfigError(f"window {start}..{end}: {error}; write dates as 2025-01-31") from None
    if start and end and start > end:
        raise ConfigError(f"window {start}..{end} ends before it starts; write the earlier date first")
    return start, end


def contest_date(row: Fields) -> str:
    """Return the date of a row's contest, e.g. 2025-01-31. Raises `Dropped`."""
    text = text_of(row, "contest_date")[:10]
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Dropped(Reason.BAD_FIELD, f"contest_date is {text!r}; it must be an ISO date") from None


def identify(row: Fields, _part: str) -> str:
    """Return `livecodebench/PLATFORM/QUESTION_ID`."""
    platform, question = text_of(row, "platform"), text_of(row, "question_id")
    if not platform.strip() or not question.strip():
        raise Dropped(Reason.BAD_FIELD, "platform or question_id is blank")
    return f"livecodebench/{platform}/{question}"


def build(row: Fields, part: str, _keep: Collection[Reason]) -> Problem:
    """Return the problem of a row. Raises `Dropped`."""
    name = json_of(row, "metadata", dict, {}).get("func_name")
    common: dict[str, Any] = {
        "id": identify(row, part),
        "statement": statement_of(row, "question_content"),
        "checker": "lcb",
        "starter_code": text_of(row, "starter_code", ""),
        "difficulty": text_of(row, "difficulty", ""),
        "source": f"livecodebench:{part}",
        "metadata": {
            "file": f"{part}.jsonl",
            "contest_date": contest_date(row),
            "title": text_of(row, "question_title", ""),
            "platform": text_of(row, "platform"),
        },
    }
    public, private = _tests(row, "public_test_cases"), _tests(row, "private_test_cases")
    common["metadata"]["tests"] = {"public": len(public), "private": len(private)}
    tests = some([*public, *private])
    kinds = {kind for kind, _, _ in tests}
    if len(kinds) > 1 or (name and kinds == {"stdin"}):
        raise Dropped(Reason.MIXED_TESTS)
    pairs = [(given, expected) for _, given, expected in tests]
    checked = stdin_tests(pairs)
    if kinds == {"stdin"}:
        return Problem(**common, tests=checked)
    if not is_name(name):
        raise Dropped(Reason.CALL_SIGNATURE, f"func_name is {name!r:.60}")
    return Problem(
        **common, tests=[_call(*pair, index) for index, pair in enumerate(pairs)], mode="call", entry_point=name
    )


def _tests(row: Fields, name: str) -> list[tuple[str, Any, Any]]:
    """Return kind, input and output of tests that are JSON or, the private ones, packed JSON."""
    text = text_of(row, name, "")
    if len(text) > LARGEST_BYTES:
        raise Dropped(Reason.OVERSIZED, f"{name}: {len(text) >> 20} MiB; at most {LARGEST_BYTES >> 20} are taken")
    if name == "private_test_cases" and text.strip() and not text.lstrip().startswith("["):
        text = unpack(text)
    tests = parse(text, name) if text.strip() else []
    if not isinstance(tests, list):
        raise Dropped(Reason.BAD_FIELD, f"{name} holds {type(tests).__name__}; it must hold a list")
    found = []
    for index, test in enumerate(tests):
        if not isinstance(test, dict) or not {"input", "output", "testtype"} <= test.keys():
            raise Dropped(Reason.BAD_FIELD, f"{name}, test {index}: must have input, output and testtype")
        if test["testtype"] not in TEST_KINDS:
            raise Dropped(Reason.BAD_FIELD, f"{name}, test {index}: testtype is {test['testtype']!r:.40}")
        found.append((test["testtype"], test["input"], test["output"]))
    return found


def _call(given: str, expected: str, index: int) -> TestCase:
    """Return the test of a call: one JSON argument a line, one JSON value as the answer."""
    lines = given.rstrip("\r\n").split("\n")
    arguments = (
        [parse(line, f"test {index}, argument {number}") for number, line in enumerate(lines)] if given.strip() else []
    )
    return TestCase(arguments, parse(expected, f"test {index}, output"))


LIVECODEBENCH = DataSet(
    name="livecodebench",
    repository="livecodebench/code_generation_lite",
    revision="0fe84c3912ea0c4d4a78037083943e8f0c4dd505",
    patterns={part: f"{part}.jsonl" for part in FILES},
    published=dict(zip(FILES, (400, 111, 101, 101, 167, 175), strict=True)),
    keys=frozenset({"question_content", "public_test_cases", "private_test_cases"}),
    columns=(
        *("question_title", "question_content", "platform", "question_id", "contest_id", "contest_date"),
        *("starter_code", "difficulty", "public_test_cases", "private_test_cases", "metadata"),
    ),
    choose=choose,
    identify=identify,
    build=build,
)
