"""What the browser of episodes shows: an index of all problems and attempts, and a record of each problem in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cppo.episodes import Branch, Episode, by_problem, failures, tokens_by_role
from cppo.policy.engine import StopReason
from cppo.report.evaluation_inputs import EvaluationArm, EvaluationData, SetData, Shown
from cppo.report.facts import NO_PROGRAM, SIGNS, attempt_codes, slots, verdict_name
from cppo.report.packing import Packer, packed, packed_json, whole
from cppo.report.samples import clip

TEXT_LIMIT = 20_000
"""Characters of a statement, plan or program that are shown and searched."""
FAULTS = {"error": "the call for the plan failed", "truncated": "cut at its token limit"}
"""Faults of a plan whose name alone says too little."""


@dataclass(frozen=True)
class Packed:
    """What stands in the page: the index, and the blocks, a line each. `left_out`: problems with no room for their
    record."""

    index: str
    blocks: str
    problems: int
    left_out: int


def pack(data: EvaluationData, room: int) -> Packed:
    """Return the episodes of an evaluation in at most `room` characters.

    The index is never shortened. Where the records do not fit, those of some problems are left out, the same problems
    for every arm, chosen by their ids whatever came of them.
    """
    packer = Packer()
    block_of: dict[tuple[int, str], int] = {}
    for s, problem, record in _records(data, packer):
        block_of[s, problem.id] = packer.end(f"{s}/{problem.id}", record)
    firsts = [block.first for block in packer.blocks]
    index = packed_json(_index(data, block_of, firsts))
    # Without some blocks the index has a few other characters, hardly more.
    blocks = list(packed(packer.blocks, room - len(index) - len(index) // 50 - 100))
    if len(blocks) < len(firsts):
        block_of = {key: number if number < len(blocks) else -1 for key, number in block_of.items()}
        index = packed_json(_index(data, block_of, firsts[: len(blocks)]))
    return Packed(index, "\n".join(blocks), len(block_of), sum(number < 0 for number in block_of.values()))


def _index(data: EvaluationData, block_of: Mapping[tuple[int, str], int], firsts: Sequence[int]) -> dict[str, Any]:
    return {
        "letters": {letter: [code, verdict_name(code)] for code, letter in SIGNS.items()},
        "arms": [[arm.name, arm.title, arm.independent] for arm in data.first.arms],
        "subject": [arm.name for arm in data.first.arms].index(data.first.own.name),
        "seeds": list(data.first.seeds),
        "firsts": list(firsts),
        "sets": [
            {
                "name": one.title,
                "problems": [[problem.id, problem.difficulty, block_of[s, problem.id]] for problem in one.problems],
                "strips": [[_strips(one, arm, seed) for seed in one.results.seeds] for arm in one.results.arms],
            }
            for s, one in enumerate(data.sets)
        ],
    }


def _strips(one: SetData, arm: EvaluationArm, seed: int) -> list[str]:
    """Return the signs of an arm's attempts with a seed, a text a problem; plans apart by spaces."""
    groups = by_problem(one.episodes[seed][arm.name])
    apart = "" if arm.independent else " "
    return [apart.join(strip(episode, arm) for episode in groups.get(problem.id, ())) for problem in one.problems]


def strip(episode: Episode, arm: EvaluationArm) -> str:
    """Return the signs of an episode's attempts."""
    return "".join(SIGNS[code] for code in attempt_codes(episode, slots(arm, arm.k)))


def _records(data: EvaluationData, packer: Packer) -> Iterator[tuple[int, Shown, dict[str, Any]]]:
    """Yield a record for every problem, in the order of a hash of set and id."""
    chosen = [(s, problem) for s, one in enumerate(data.sets) for problem in one.problems]
    chosen.sort(key=lambda item: hashlib.sha256(whole(f"{data.sets[item[0]].name}/{item[1].id}").encode()).digest())
    groups = [
        {(arm, seed): by_problem(mine) for seed, arms in one.episodes.items() for arm, mine in arms.items()}
        for one in data.sets
    ]
    for s, problem in chosen:
        packer.begin()
        results = data.sets[s].results
        yield (
            s,
            problem,
            {
                "statement": packer.text(clip(problem.statement, TEXT_LIMIT)),
                "starter": packer.text(clip(problem.starter_code, TEXT_LIMIT)),
                "source": problem.source,
                "tests": problem.tests,
                "arms": [
                    [_group(groups[s][arm.name, seed].get(problem.id, ()), packer, arm) for seed in results.seeds]
                    for arm in results.arms
                ],
            },
        )


def _group(episodes: Sequence[Episode], packer: Packer, arm: EvaluationArm) -> dict[str, Any]:
    """Return the record of all attempts of an arm at a problem with one seed."""
    return {
        "roles": [[role, *spent] for role, spent in tokens_by_role(episodes).items()],
        "failed": [[where, why, number] for (where, why), number in sorted(failures(episodes).items())],
        "episodes": [_episode(episode, packer, arm) for episode in episodes],
    }


def _episode(episode: Episode, packer: Packer, arm: EvaluationArm) -> dict[str, Any]:
    # The slots of a group may have names though its programs follow no method (UpSkill).
    names = dict(enumerate(episode.methods))
    record: dict[str, Any] = {
        "attempts": [
            _attempt(branch, branch.method or names.get(i, ""), sign, packer)
            for i, (branch, sign) in enumerate(zip(episode.branches, strip(episode, arm), strict=False))
        ]
    }
    if episode.plan:
        record["plan"] = packer.text(clip(episode.plan, TEXT_LIMIT))
    if episode.detail:
        record["detail"] = packer.text(clip(episode.detail, TEXT_LIMIT))
    if episode.fault:
        words = FAULTS.get(episode.fault, episode.fault.replace("_", " "))
        lost = not episode.branches and episode.fault != StopReason.ERROR
        record["fault"] = f"{verdict_name(NO_PROGRAM)}: {words}" if lost else words
    return record


def _attempt(branch: Branch, method: str, sign: str, packer: Packer) -> dict[str, Any]:
    record: dict[str, Any] = {"sign": sign, "tokens": branch.tokens}
    for key, text in (("method", method), ("program", branch.program), ("detail", branch.detail)):
        if text:
            record[key] = packer.text(clip(text, TEXT_LIMIT))
    if branch.label:
        record["label"] = branch.label
    if branch.stop == StopReason.LENGTH:
        record["cut"] = True
    return record
