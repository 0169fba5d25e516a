"""Evaluations as logs of Inspect (UK AI Security Institute), for its viewer and its data frames.

The format is JSON, version 2: a header (`eval`), results, usage, and a sample for every attempt of a problem; attempts
are epochs. Written from the published schema without the package.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cppo.episodes import Branch, Episode, tokens_by_role
from cppo.files import write_json
from cppo.grid.exports.reading import arms_of, problems_of, provenance_of, results_of
from cppo.grid.layout import Grid
from cppo.grid.settings import set_name


def write_inspect_logs(grid: Grid, target: Path) -> list[Path]:
    """Write one log for every problem set, seed and arm into `target`, and return the paths.

    A log is called `TIME_TASK_ID.json` as Inspect's own are: its viewer lists only what begins with a time, and takes
    the task from what stands between the first two underscores.
    """
    results, made = results_of(grid), provenance_of(grid)
    target.mkdir(parents=True, exist_ok=True)
    rows = {row.name: row for row in grid.recipe.rows()}
    written = []
    for source in grid.recipe.problems:
        problems, one = problems_of(grid, source), results["results"][source]
        facts = {arm["name"]: arm for arm in one["arms"]}
        for seed, arm, groups in arms_of(grid, source):
            model = f"cppo/{rows[arm].model}"
            samples = list(_samples(groups, problems, model))
            names = (made["started"], f"{set_name(source)}-{arm}-seed-{seed}", _name(source, arm, seed))
            path = target / f"{'_'.join(re.sub('[^A-Za-z0-9.-]', '-', name) for name in names)}.json"
            log = {
                "version": 2,
                "status": "success",
                "eval": _header(grid, source, arm, seed, made, list(groups), model),
                "plan": {"name": "plan", "steps": [{"solver": rows[arm].method, "params": {}}], "config": {}},
                "results": _results(facts[arm], grid.recipe.seeds.index(seed), len(samples)),
                "stats": _stats([e for mine in groups.values() for e in mine], made, model),
                "samples": samples,
            }
            write_json(path, log)
            written.append(path)
    return written


def _header(
    grid: Grid, source: str, arm: str, seed: int, made: dict[str, Any], ids: Sequence[str], model: str
) -> dict[str, Any]:
    recipe = grid.recipe
    sampling = {"temperature": recipe.solve_temperature, "max_tokens": recipe.program_tokens, "seed": seed}
    return {
        "eval_id": _name(grid.recipe.name, source, arm, seed),
        "run_id": _name(grid.recipe.name),
        "created": made["started"],
        "task": f"{set_name(source)}_{arm}",
        "task_id": _name(source, arm, seed),
        "task_version": 0,
        "task_attribs": {},
        "task_args": {"k": recipe.k, "attempts": recipe.attempts, "seed": seed},
        "dataset": {"name": source, "samples": len(ids), "sample_ids": list(ids), "shuffled": False},
        "model": model,
        "model_generate_config": sampling,
        "model_args": {},
        "config": {"epochs": recipe.attempts},
        "packages": {"cppo": made["cppo"]},
        "metadata": {"method": next(row.method for row in recipe.rows() if row.name == arm)},
    }


def _name(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:22]


def _results(arm: dict[str, Any], place: int, samples: int) -> dict[str, Any]:
    metrics = {
        f"pass@{k}": {"name": f"pass@{k}", "value": cell["seeds"][place], "params": {}}
        for k, cell in arm["pass_at"].items()
    }
    score = {"name": "verdict", "scorer": "verifier", "params": {}, "metrics": metrics}
    return {"total_samples": samples, "completed_samples": samples, "scores": [score]}


def _stats(episodes: Sequence[Episode], made: dict[str, Any], model: str) -> dict[str, Any]:
    spent = tokens_by_role(episodes).values()
    tokens_in, tokens_out = sum(s.tokens_in or 0 for s in spent), sum(s.tokens_out for s in spent)
    usage = {"input_tokens": tokens_in, "output_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    return {"started_at": made["started"], "completed_at": made["started"], "model_usage": {model: usage}}


def _samples(
    groups: dict[str, list[Episode]], problems: dict[str, dict[str, Any]], model: str
) -> Iterator[dict[str, Any]]:
    for problem_id, episodes in groups.items():
        epoch = 0
        for episode in episodes:
            for branch in episode.branches or (None,):
                epoch += 1
                yield _sample(problem_id, epoch, problems[problem_id], episode, branch, model)


def _sample(
    problem_id: str, epoch: int, problem: dict[str, Any], episode: Episode, branch: Branch | None, model: str
) -> dict[str, Any]:
    statement = problem["statement"]
    program = "" if branch is None else branch.program
    verdict = "no program" if branch is None else branch.verdict.value
    passed = branch is not None and branch.passed
    explanation = (episode.fault or "") if branch is None else branch.detail
    message = {"role": "assistant", "content": program, "source": "generate"}
    return {
        "id": problem_id,
        "epoch": epoch,
        "input": statement,
        "target": "",
        "messages": [{"role": "user", "content": statement, "source": "input"}, message],
        "output": {
            "model": model,
            "choices": [{"message": message, "stop_reason": _STOPS.get(branch.stop if branch else "", "unknown")}],
        },
        "scores": {"verdict": {"value": "C" if passed else "I", "answer": program, "explanation": explanation}},
        "metadata": {
            "verdict": verdict,
            "method": branch.method if branch else None,
            "tuple": episode.index,
            "plan": episode.plan,
            "plan_fault": episode.fault,
        },
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }


_STOPS = {"end": "stop", "stop": "stop", "length": "max_tokens"}
