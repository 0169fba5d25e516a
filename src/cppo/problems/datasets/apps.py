"""APPS, `codeparrot/apps` (Hendrycks et al., arXiv 2105.09938): 5,000 training and 5,000 test problems.

A row: `id`, `question`, `solutions` (JSON list of programs, may be empty), `input_output` (JSON, may be empty),
`difficulty`, `url`, `starter_code`. The original release, a folder a problem, has the same in files. `input_output` is
`{"inputs", "outputs"}` and, where a function is called, `"fn_name"`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from cppo.errors import ConfigError, nearest
from cppo.problems.datasets.dataset import Choice, DataSet, only
from cppo.problems.datasets.drops import Dropped, Reason
from cppo.problems.datasets.fields import Fields, json_of, paired, some, statement_of, stdin_tests, text_of
from cppo.problems.datasets.phrases import refuse_by_words
from cppo.problems.problem import Problem, TestCase, is_name

SPLITS = ("train", "test")
DIFFICULTIES = ("introductory", "interview", "competition")

IMPORTS = (
    "import collections, fractions, functools, heapq, itertools, math, random, sys, time\n"
    "from collections import ChainMap, Counter, OrderedDict, defaultdict, deque\n"
    "from functools import lru_cache\n"
    "from heapq import *\n"
    "from itertools import accumulate, combinations, permutations, product\n"
    "from math import ceil, cos, exp, fabs, floor, gcd, log, log2, sin, sqrt, tan\n"
    "from typing import Dict, List, Optional, Set, Tuple\n"
)
"""Names like those that the published test script of APPS gives every program (that has numpy as well); reference
functions rely on them, `List` above all."""

_TYPING = re.compile(r"\b(?:Dict|List|Optional|Set|Tuple)\b(?=\[)")


def choose(qualifiers: Sequence[str]) -> Choice:
    """Return what splits (default: test) and difficulties (default: all) ask for. Raises `ConfigError`."""
    split, difficulty = "", ""
    for qualifier in qualifiers:
        if qualifier in SPLITS:
            split = only("apps", split, qualifier)
        elif qualifier in DIFFICULTIES:
            difficulty = only("apps", difficulty, qualifier)
        else:
            allowed = (*SPLITS, *DIFFICULTIES)
            raise ConfigError(
                f"apps has no {qualifier!r}{nearest(qualifier, allowed)}; a name is apps[:SPLIT][:DIFFICULTY][:COUNT] "
                f"with {', '.join(allowed)}"
            )
    split = split or "test"

    def wanted(row: Fields) -> bool:
        return not difficulty or text_of(row, "difficulty") == difficulty

    asked = {"split": split, **({"difficulty": difficulty} if difficulty else {})}
    return Choice((split,), f"{split}.jsonl{', difficulty ' if difficulty else ''}{difficulty}", wanted, asked)


def identify(row: Fields, part: str) -> str:
    """Return `apps/SPLIT/ID`: both splits count from 0. `datasets` calls the column `problem_id`."""
    number = row.get("id", row.get("problem_id"))
    if isinstance(number, bool) or not isinstance(number, (int, str)) or number == "":
        raise Dropped(Reason.BAD_FIELD, f"id is {number!r:.40}; it must be a whole number")
    return f"apps/{part}/{number}"


def build(row: Fields, part: str, keep: Collection[Reason]) -> Problem:
    """Return the problem of a row. Raises `Dropped`."""
    statement = statement_of(row, "question")
    refuse_by_words(statement, keep)
    given = json_of(row, "input_output", dict, {})
    if not given.get("inputs") and not given.get("outputs"):
        raise Dropped(Reason.NO_TESTS)
    pairs = paired(given.get("inputs"), given.get("outputs"), "input_output")
    starter_code = text_of(row, "starter_code", "")
    solutions = json_of(row, "solutions", list, [])
    if not all(isinstance(program, str) for program in solutions):
        raise Dropped(Reason.BAD_FIELD, "solutions holds what is no text")
    common: dict[str, Any] = {
        "id": identify(row, part),
        "statement": statement,
        "difficulty": text_of(row, "difficulty", ""),
        "source": f"apps:{part}",
        "metadata": {"file": part, "url": text_of(row, "url", "")},
    }
    name = given.get("fn_name")
    if name is None:
        tests = stdin_tests([(_lines(given_in), _lines(given_out)) for given_in, given_out in pairs])
        return Problem(
            **common, tests=tests, checker="codecontests", starter_code=starter_code, solutions=tuple(solutions)
        )
    return Problem(
        **common,
        tests=_calls(name, pairs),
        mode="call",
        entry_point=name,
        checker=_checker([expected for _, expected in pairs]),
        starter_code=_starter(starter_code, name, pairs),
        solutions=tuple(map(_with_imports, solutions)),
    )


def _with_imports(program: str) -> str:
    """Put the imports first, unless the program has an import that must itself come first."""
    return program if "__future__" in program else IMPORTS + program


def _lines(value: Any) -> Any:
    """Join a list of lines; what is neither text nor such a list is left for the check of the tests to refuse."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value


def _calls(name: Any, pairs: Sequence[tuple[Any, Any]]) -> list[TestCase]:
    if not is_name(name):
        raise Dropped(Reason.CALL_SIGNATURE, f"fn_name is {name!r:.60}")
    for index, (arguments, expected) in enumerate(pairs):
        if not isinstance(arguments, list):
            kind = type(arguments).__name__
            raise Dropped(Reason.CALL_SIGNATURE, f"test {index}: the arguments are {kind}; they must be a list")
        # Where the published test script turns keys into integers; a program would be called with others here.
        first = (values[0] for values in (arguments, expected) if isinstance(values, list) and values)
        if any(_had_integer_keys(value) for value in (*first, expected)):
            raise Dropped(Reason.INTEGER_KEYS, f"test {index}")
    return some(TestCase(arguments, expected) for arguments, expected in pairs)


def _had_integer_keys(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(re.fullmatch(r"-?[0-9]+", key) for key in value)


def _checker(expected: Sequence[Any]) -> str:
    """Return the rule for answers of calls.

    APPS wraps many answers into a list of one. Where every expected value of a problem is such a list, `apps` accepts
    the value with or without it. Otherwise nothing is wrapped, and `apps` would also take the first element of a list
    for the list; `lcb` has the same equality without that. Both give programs the imports they rely on.
    """
    wrapped = all(isinstance(value, list) and len(value) == 1 for value in expected)
    return "apps" if wrapped else "lcb"


def _starter(code: str, name: str, pairs: Sequence[tuple[Any, Any]]) -> str:
    """Return the starter code, made to run as it stands; one is written where there is none, else nobody would know
    what to define."""
    if not code.strip():
        counts = {len(arguments) for arguments, _ in pairs}
        names = [f"argument_{number}" for number in range(1, max(counts) + 1)] if len(counts) == 1 else ["*arguments"]
        return f"def {name}({', '.join(names)}):\n    "
    used = sorted(set(_TYPING.findall(code)))
    return f"from typing import {', '.join(used)}\n\n{code}" if used and "typing" not in code else code


APPS = DataSet(
    name="apps",
    repository="codeparrot/apps",
    revision="21e74ddf8de1a21436da12e3e653065c5213e9d1",
    patterns={split: f"{split}.jsonl" for split in SPLITS},
    published={"train": 5000, "test": 5000},
    keys=frozenset({"question", "input_output"}),
    columns=("id", "problem_id", "question", "solutions", "input_output", "difficulty", "url", "starter_code"),
    choose=choose,
    identify=identify,
    build=build,
    folders=True,
)
