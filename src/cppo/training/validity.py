"""Stage 2: train the plan-validity model ψ, choose τ, and accept it only through its gates (arXiv 2605.27000)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cppo.errors import DataError
from cppo.files import read_jsonl
from cppo.measures import choose_threshold, classifier_report
from cppo.policy.judge import PlanJudge, judge_ids, last_logits
from cppo.problems import Problem
from cppo.progress import Reporter
from cppo.seeding import derive_seed, derived_random
from cppo.text import PlanFormatError, parse_plan
from cppo.training.corruptions import CORRUPTIONS, Context, corrupt, labelled
from cppo.training.planner import GoldTuple
from cppo.training.settings import ValiditySettings
from cppo.training.supervised import Example, train_supervised

GOOD = "good"


@dataclass(frozen=True)
class JudgedPlan:
    """A plan with its label: 1 Pass, 0 Fail. `kind` is `good`, a kind of corruption, or `judged` from a file.
    `whole` is false for prefixes, which train ψ but are not part of the acceptance gates."""

    problem: Problem
    text: str
    label: int
    kind: str
    whole: bool = True


def judged_plans(
    tuples: Sequence[GoldTuple],
    foreign_of: Callable[[Problem], Sequence[str]],
    weights: Mapping[str, float],
    prefixes: int,
    seed: int,
) -> list[JudgedPlan]:
    """Return every gold tuple with one corruption beside it: classes are 1:1 within each problem.

    `foreign_of` returns methods that belong to other problems. `weights` are the relative frequencies of the kinds of
    corruption, 1 for those left out. `prefixes` adds that many random proper prefixes of each
    plan, labelled by whether something is wrong up to there.
    """
    kinds = sorted(CORRUPTIONS)
    frequencies = [weights.get(kind, 1.0) for kind in kinds]
    plans = []
    for index, gold in enumerate(tuples):
        rng = derived_random(seed, "corrupt", gold.problem.id, index)
        lines = labelled(gold.methods)
        plans.append(JudgedPlan(gold.problem, "\n".join(lines), 1, GOOD))
        context = Context(gold.problem, foreign_of(gold.problem))
        possible = [kind != "foreign" or bool(context.foreign) for kind in kinds]
        (kind,) = rng.choices(kinds, [f * p for f, p in zip(frequencies, possible, strict=True)])
        bad = corrupt(kind, gold.methods, context, rng)
        plans.append(JudgedPlan(gold.problem, bad.text, 0, bad.kind))
        for _ in range(prefixes):
            length = rng.randrange(1, len(lines))
            plans.append(JudgedPlan(gold.problem, "\n".join(lines[:length]), 1, GOOD, whole=False))
            length = rng.randrange(1, len(bad.lines))
            label = int(length <= bad.first_bad)
            plans.append(JudgedPlan(gold.problem, "\n".join(bad.lines[:length]), label, bad.kind, whole=False))
    return plans


def read_judged_plans(path: Path | str, problems: Sequence[Problem]) -> list[JudgedPlan]:
    """Read `{"problem_id", "plan", "label"}` rows (label Pass / Fail or true / false), 1:1 within a problem."""
    known = {problem.id: problem for problem in problems}
    labels = {"Pass": 1, "Fail": 0, True: 1, False: 0}  # 1 and 0 are equal to True and False
    groups: dict[str, tuple[list[JudgedPlan], list[JudgedPlan]]] = {}
    for number, row in read_jsonl(path):
        if not isinstance(row, dict) or not {"problem_id", "plan", "label"} <= row.keys():
            raise DataError(
                f'{path}, line {number}: a judged plan is {{"problem_id": …, "plan": …, "label": "Pass"|"Fail"}}'
            )
        if row["problem_id"] not in known or row["label"] not in labels:
            raise DataError(f"{path}, line {number}: unknown problem {row['problem_id']!r} or label {row['label']!r}")
        label = labels[row["label"]]
        plan = JudgedPlan(known[row["problem_id"]], str(row["plan"]), label, GOOD if label else "judged")
        groups.setdefault(row["problem_id"], ([], []))[label].append(plan)
    balanced = []
    for bad, good in groups.values():
        size = min(len(bad), len(good))
        balanced += good[:size] + bad[:size]
    if not balanced:
        raise DataError(
            f"{path} has no problem with both a Pass and a Fail plan; ψ needs both classes 1:1 in a problem"
        )
    return balanced


def split_by_problem(
    plans: Sequence[JudgedPlan], held_out: float, seed: int
) -> tuple[list[JudgedPlan], list[JudgedPlan]]:
    """Return training and held-out plans; all plans of a problem fall on the same side."""
    ids = sorted({plan.problem.id for plan in plans})
    derived_random(seed, "validity-split").shuffle(ids)
    cut = set(ids[: max(1, round(held_out * len(ids)))])
    return [p for p in plans if p.problem.id not in cut], [p for p in plans if p.problem.id in cut]


def train_validity(
    judge: PlanJudge,
    plans: Sequence[JudgedPlan],
    settings: ValiditySettings,
    *,
    directory: Path,
    seed: int,
    reporter: Reporter,
) -> None:
    """Train ψ in place: binary cross-entropy on logit(Pass) − logit(Fail) at the last real token."""
    examples = [
        Example(
            tuple(judge_ids(judge.tokenizer, judge.prompts, p.problem.task, p.text, settings.max_length)),
            label=float(p.label),
        )
        for p in plans
    ]

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = last_logits(model, batch["input_ids"], batch["attention_mask"])
        return torch.nn.functional.binary_cross_entropy_with_logits(
            judge.margin(logits).float(), batch["labels"].float()
        )

    train_supervised(
        judge.model, judge.tokenizer, examples, settings, directory=directory, seed=seed, reporter=reporter, loss=loss
    )


def acceptance(judge: PlanJudge, plans: Sequence[JudgedPlan], settings: ValiditySettings, k: int) -> dict[str, Any]:
    """Choose τ where asked, and return the report of the gates on held-out plans.

    In use ψ only meets plans that parse, so its figures are taken on those. `rejection` is the share of each kind of
    corruption it turns down among them (a kind that never parses has none); `rejection_whole` is the share that the
    whole gate J turns down, the parser included. With `recall_target`, τ is chosen on one half of the held-out problems
    and every figure taken on the other. `missed` lists the gates that were not reached; empty means accepted.
    """
    whole = [plan for plan in plans if plan.whole]
    labels = np.array([plan.label for plan in whole])
    scores = judge.scores([(plan.problem.task, plan.text) for plan in whole])
    parses = np.array([_parses(plan.text, k) for plan in whole])
    reported = np.ones(len(whole), bool)
    if settings.recall_target is not None:
        reported = np.array([derive_seed("τ", plan.problem.id) % 2 == 0 for plan in whole])
        judge.tau = choose_threshold(scores[~reported & parses], labels[~reported & parses], settings.recall_target)
    seen = reported & parses
    report = classifier_report(scores[seen], labels[seen], judge.tau)
    kinds = np.array([plan.kind for plan in whole])
    rejected = scores < judge.tau
    rejection, rejection_whole = {}, {}
    for kind in sorted(set(kinds) - {GOOD}):
        mine = reported & (kinds == kind)
        if mine.any():
            rejection_whole[kind] = float((rejected | ~parses)[mine].mean())
        if (mine & parses).any():
            rejection[kind] = float(rejected[mine & parses].mean())
    facts: dict[str, Any] = {
        "auc": report.auc,
        "balanced_accuracy": report.balanced_accuracy,
        "precision": report.precision,
        "recall": report.recall,
        "plans": int(seen.sum()),
        "rejection": rejection,
        "rejection_whole": rejection_whole,
    }
    gates = [
        (key, facts[key], getattr(settings, f"min_{key}"))
        for key in ("auc", "balanced_accuracy", "precision", "recall")
    ]
    gates += [(f"rejection of {kind}", share, settings.min_rejection) for kind, share in rejection.items()]
    facts["missed"] = [f"{name} {value:.3f} < {least}" for name, value, least in gates if not value >= least]
    return facts


def _parses(text: str, k: int) -> bool:
    try:
        parse_plan(text, k)
    except PlanFormatError:
        return False
    return True
