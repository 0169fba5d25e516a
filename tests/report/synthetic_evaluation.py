"""A small directory of an evaluation with made-up episodes, for tests of its page. Nothing here was measured.

Two sets, three arms, two seeds; the files and figures come from the functions that `cppo eval` uses, only the sampling
is made up. `EDGES` names what is odd about some problems.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthetic_run import HOSTILE

from cppo.config import build
from cppo.episodes import Branch, Call, Episode, to_row
from cppo.evaluation.grid_files import EPISODES, RESULTS
from cppo.files import write_json, write_jsonl
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import load_sets
from cppo.grid.result import grid_result, set_result
from cppo.grid.settings import GridRecipe
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.verifier import Verdict

K, ATTEMPTS, SEEDS = 2, 4, (0, 7)
SETS = {"numbers": 6, "words": 5}
TITLES = {"direct": "Direct sampling", "search": f"PlanSearch {HOSTILE}", "cppo": "CPPO"}
UNICODE = "İstanbul — Straße, 数 😀 \ud800"
"""A letter that grows in lower case, one beyond 16 bits, half a surrogate pair."""
RATES = {"direct": 0.2, "search": 0.35, "cppo": 0.6, "single": 0.3, "skills": 0.3}
"""Made-up chance that one program passes."""


OTHERS = [
    {"name": "single", "model": "tiny", "method": "plan_and_solve", "title": "Plan-and-solve"},
    {"name": "skills", "model": "tiny", "method": "upskill", "title": "Skills"},
]
"""Arms that an evaluation may have in place of the usual three."""


def build_evaluation(directory: Path, sets: int = 2, **changes: Any) -> Path:
    """Write a directory with every file the page reads, and return it. `changes`: keys of the recipe."""
    sources = [_write_problems(directory / "problems", name, count) for name, count in [*SETS.items()][:sets]]
    data = {
        "name": f"synthetic {HOSTILE}",
        "problems": sources,
        "models": {
            "tiny": {"path": "models/tiny", "prompts": "compact"},
            "remote": {"server": {"base_url": "http://localhost:8000/v1", "model": "large"}},
        },
        "arms": [
            {"name": "direct", "model": "tiny", "method": "direct", "title": TITLES["direct"]},
            {"name": "search", "model": "remote", "method": "plansearch", "title": TITLES["search"]},
            {"name": "cppo", "model": "tiny", "method": "tuple", "title": TITLES["cppo"]},
        ],
        "seeds": list(SEEDS), "k": K, "attempts": ATTEMPTS, "ks": [1, 2, 4], "resamples": 200,
    }  # fmt: skip
    grid = Grid(build(GridRecipe, {**data, **changes}, "test"), directory / "out")
    arms = {arm.name for arm in grid.recipe.arms}
    results = {}
    with grid.open():
        for one in load_sets(grid, Reporter()):
            for seed in grid.recipe.seeds:
                made = [to_row(e) for e in _episodes(one.problems, seed) if e.arm in arms]
                write_jsonl(grid.seed_directory(one.source, seed) / EPISODES, made)
            results[one.source] = set_result(grid, one)
            write_json(grid.set_directory(one.source) / RESULTS, results[one.source])
        write_json(grid.directory / RESULTS, grid_result(grid, results))
    return grid.directory


def _write_problems(directory: Path, name: str, count: int) -> str:
    rows: list[dict[str, Any]] = [
        {
            "id": f"{name}/{i}", "statement": f"Print the number {i} of {name}.", "source": "made up",
            "tests": [{"input": "", "output": str(i)}] * 2, "difficulty": "easy" if i % 2 else "hard",
        }
        for i in range(count)
    ]  # fmt: skip
    rows[0]["statement"] += HOSTILE
    rows[1]["statement"] += UNICODE
    rows[2]["starter_code"] = f"def solve():  # {HOSTILE}\n    pass\n"
    path = directory / f"{name}.jsonl"
    write_jsonl(path, rows)
    return str(path)


def _episodes(problems: Sequence[Problem], seed: int) -> list[Episode]:
    return [
        *(_direct(problem, p, seed) for p, problem in enumerate(problems)),
        *(_search(problem, p, seed) for p, problem in enumerate(problems)),
        *(_single(problem, p, seed, i) for p, problem in enumerate(problems) for i in range(ATTEMPTS)),
        *(_skills(problem, p, seed, m) for p, problem in enumerate(problems) for m in range(ATTEMPTS // K)),
        *(_tuple(problem, p, seed, m) for p, problem in enumerate(problems) for m in range(ATTEMPTS // K)),
    ]


def _direct(problem: Problem, p: int, seed: int) -> Episode:
    branches = [_branch("direct", p, seed, i) for i in range(ATTEMPTS)]
    if p == 1:
        branches[0] = Branch(None, "", Verdict.EMPTY, "error", 0, f"the server said no {HOSTILE}")
        branches[1] = Branch(None, "", Verdict.EMPTY, "end", 1, "no program")
        branches[2] = Branch(None, "print(", Verdict.CE, "length", 64, "was never closed")
    stops = ["empty" if p == 1 and i == 1 else branch.stop for i, branch in enumerate(branches)]
    calls = [Call("solver", 40, branch.tokens, stop) for branch, stop in zip(branches, stops, strict=True)]
    return Episode("direct", problem.id, 0, tuple(branches), calls=tuple(calls))


def _search(problem: Problem, p: int, seed: int) -> Episode:
    methods = [f"Count up to it, way {i}. {UNICODE}" for i in range(ATTEMPTS)]
    branches = tuple(_branch("search", p, seed, i, method) for i, method in enumerate(methods))
    calls = [Call("observe", 60, 30, "end", estimated=p == 5), Call("sketch", 80, 20, "end")]
    calls += [Call("solver", 45, branch.tokens, branch.stop) for branch in branches]
    fault = "few_combinations" if p == 3 else None
    return Episode(
        "search", problem.id, 0, branches, "\n".join(methods), fault=fault, plan_tokens=50, calls=tuple(calls)
    )


def _tuple(problem: Problem, p: int, seed: int, m: int) -> Episode:
    if p == 2 and m == 0:
        fault, stop, text = (
            ("duplicate", "end", f"A: the same\nB: the same {HOSTILE}") if seed else ("error", "error", "")
        )
        call = Call("planner", 50, len(text) // 4, stop)
        return Episode(
            "cppo", problem.id, m, plan=text, fault=fault, plan_stop=stop, plan_tokens=call.tokens_out, calls=(call,),
            detail="" if seed else f"the server hung up {HOSTILE}",
        )  # fmt: skip
    methods = (f"Say the number at once {HOSTILE if p == 0 else ''}", "Add up its digits")
    branches = tuple(
        _branch("cppo", p, seed, m * K + i, method, f"way {i if p else 0}") for i, method in enumerate(methods)
    )
    calls = [Call("planner", 50, 12, "end"), *(Call("solver", 55, branch.tokens, branch.stop) for branch in branches)]
    plan = f"A: {methods[0]}\nB: {methods[1]}"
    return Episode("cppo", problem.id, m, branches, plan, methods, None, "end", 12, calls=tuple(calls))


def _single(problem: Problem, p: int, seed: int, i: int) -> Episode:
    """An attempt with a plan of its own; the second one's does not parse."""
    call = Call("planner", 50, 9, "end")
    if i == 1:
        return Episode("single", problem.id, i, plan="what?", fault="unlabelled", plan_tokens=9, calls=(call,))
    branch = _branch("single", p, seed, i, f"Way {i}")
    calls = (call, Call("solver", 55, branch.tokens, branch.stop))
    return Episode("single", problem.id, i, (branch,), f"A: Way {i}", (f"Way {i}",), plan_tokens=9, calls=calls)


def _skills(problem: Problem, p: int, seed: int, m: int) -> Episode:
    branches = tuple(_branch("skills", p, seed, m * K + z) for z in range(K))
    calls = tuple(Call("solver", 40, branch.tokens, branch.stop) for branch in branches)
    return Episode("skills", problem.id, m, branches, methods=("skill 1", "skill 2"), calls=calls)


def _branch(arm: str, p: int, seed: int, i: int, method: str | None = None, label: str | None = None) -> Branch:
    rng = random.Random(f"{arm} {p} {seed} {i}")
    passed = rng.random() < RATES[arm]
    verdict = Verdict.AC if passed else rng.choice([Verdict.WA, Verdict.WA, Verdict.RE, Verdict.TLE])
    program = f"print({p} + {rng.randrange(3)})  # by {arm}\n"
    if p == 0 and i == 1:
        program += f"'''{HOSTILE}'''\n"
    if p == 4:
        program = "print(4)\n"  # the same from every arm
    detail = "" if passed else f"test 1: expected {p}, given <{rng.randrange(9)}>"
    return Branch(method, program, verdict, "end", 20 + i, detail, label)
