"""What each stage does, one function a stage: read what earlier stages left, work, return a summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cppo.context import Context
from cppo.errors import GateError, ModelError
from cppo.files import write_json, write_jsonl
from cppo.preflight import check_inputs
from cppo.problems import Problem
from cppo.seeding import derive_seed, derived_random
from cppo.text import format_plan

Summary = dict[str, Any]
Stage = Callable[[Context], Summary]


def prepare(context: Context) -> Summary:
    """Load the problems, prove the pools disjoint, build the tiny model where the recipe wants one, and open everything
    that later stages will read: what is wrong with it is said now, not after hours of training."""
    pools, recipe = context.pools, context.recipe
    check_inputs(context)
    summary: Summary = {
        "train": len(pools.train), "validation": len(pools.validation), "test": len(pools.test),
        "tests": sum(len(problem.tests) for problem in pools.test), "files": context.data_files(),
    }  # fmt: skip
    if recipe.model.tiny is not None:
        from cppo.policy.tiny import save_tiny

        texts, sentences = _tiny_corpus(context)
        directory = context.run.stage("prepare") / "model"
        save_tiny(directory, recipe.model.tiny, texts, sentences, derive_seed(recipe.seed, "weights"))
    return summary


def _tiny_corpus(context: Context) -> tuple[list[str], list[str]]:
    """Return the texts a tiny tokenizer is trained on, and the sentences that become tokens of their own."""
    testbed = context.pools.testbed
    if testbed is None:
        raise ModelError("model.tiny is built from the testbed's texts; with problems.source 'files' set model.path")
    prompts, texts = context.prompts, []
    sentences: dict[str, None] = {}
    frame = format_plan([""] * context.recipe.k)
    for problem in context.pools.train[:2000]:
        methods = testbed.methods(problem)
        sentences.update(dict.fromkeys(methods))
        program = testbed.gold_program(problem, derived_random("corpus", problem.id).choice(methods)) or ""
        # Sentences are tokens of their own, so plans are shown without them: only what surrounds them is learnt.
        texts += [
            prompts.direct(problem.task).text + program,
            prompts.plan(problem.task, context.recipe.k).text + frame,
            prompts.plan(problem.task, 1).text + frame,
            prompts.solve(problem.task, "").text,
            prompts.judge(problem.task, frame).text,
        ]
    return texts, list(sentences)


def sft(context: Context) -> Summary:
    """Stage 1: planner SFT (and, from scratch, everything else a model must know first)."""
    from cppo.training.planner import planner_examples
    from cppo.training.supervised import train_supervised

    recipe = context.recipe
    data = planner_examples(
        context.pools.train,
        recipe.sft,
        recipe.k,
        seed=recipe.seed,
        prompts=context.prompts,
        tokenizer=context.tokenizer,
        testbed=context.pools.testbed,
    )
    model = context.policy(None, trainable=True)
    rows = train_supervised(
        model,
        context.tokenizer,
        data.examples,
        recipe.sft,
        directory=context.run.stage("sft"),
        seed=derive_seed(recipe.seed, "sft"),
        reporter=context.reporter,
    )
    context.save(model, "sft")
    return {"examples": len(data.examples), "dropped": data.dropped, "loss": rows[-1]["loss"] if rows else None}


def validity(context: Context) -> Summary:
    """Stage 2: train the plan-validity model and hold it against its gates."""
    from cppo.policy.judge import PlanJudge
    from cppo.policy.loading import load_merged, load_tokenizer, require_fp32_trainable, save_policy
    from cppo.training.validity import acceptance, split_by_problem, train_validity

    recipe, settings = context.recipe, context.recipe.validity
    plans = _judged_plans(context)
    train, held_out = split_by_problem(plans, settings.held_out, recipe.seed)
    source = settings.path or (str(context.run.model("sft")) if settings.start == "sft" else context.base)
    model = load_merged(source, context.base, context.device, None if recipe.model.tiny else recipe.model.revision)
    require_fp32_trainable(model)
    tokenizer = load_tokenizer(source)
    judge = PlanJudge(model, tokenizer, context.prompts, tau=settings.tau, max_length=settings.max_length)
    directory = context.run.stage("validity")
    seed = derive_seed(recipe.seed, "validity")
    train_validity(judge, train, settings, directory=directory, seed=seed, reporter=context.reporter)
    facts = acceptance(judge, held_out, settings, recipe.k)
    save_policy(model, tokenizer, directory / "model")
    judge.save(directory / "model", facts)
    summary = {"tau": judge.tau, "training_plans": len(train), **facts}
    _gate(context, "validity", facts["missed"], settings.on_fail, summary)
    return summary


def _judged_plans(context: Context) -> list[Any]:
    from cppo.training.planner import gold_tuples
    from cppo.training.validity import judged_plans, read_judged_plans

    recipe, settings, pools = context.recipe, context.recipe.validity, context.pools
    chosen = {problem.id for problem in pools.train[: settings.problems]}
    if settings.data is not None:
        return [plan for plan in read_judged_plans(settings.data, pools.train) if plan.problem.id in chosen]
    drawn = gold_tuples(
        pools.train, settings.pairs, recipe.k, derive_seed(recipe.seed, "ψ"), pools.testbed, recipe.sft.data
    )
    tuples = [gold for gold in drawn if gold.problem.id in chosen]
    return judged_plans(tuples, _foreign_methods(context, tuples), settings.corruptions, settings.prefixes, recipe.seed)


def _foreign_methods(context: Context, tuples: Sequence[Any]) -> Callable[[Problem], Sequence[str]]:
    """Return the source of methods foreign to a problem: other families on a testbed, else other problems."""
    testbed = context.pools.testbed
    if testbed is None:
        everything = [(gold.problem.id, method) for gold in tuples for method in gold.methods]

        def strangers(problem: Problem) -> Sequence[str]:
            rng = derived_random("foreign", problem.id)
            drawn = rng.sample(everything, min(len(everything), 40))
            return [method for owner, method in drawn if owner != problem.id]

        return strangers
    by_family: dict[str, list[str]] = {}
    for gold in tuples:
        by_family.setdefault(gold.problem.metadata["family"], testbed.methods(gold.problem))
    return lambda problem: [
        method for family, methods in by_family.items() if family != problem.metadata["family"] for method in methods
    ]


def _gate(context: Context, stage: str, missed: Sequence[str], on_fail: str, summary: Mapping[str, Any]) -> None:
    """Say which gates were missed; stop the run unless the recipe only wants a warning."""
    if not missed:
        return
    text = f"{stage}: not accepted: {'; '.join(missed)}"
    if on_fail == "warn":
        context.reporter.say(f"warning: {text} (going on: {stage}.on_fail = 'warn')")
        return
    write_json(context.run.stage(stage) / "rejected.json", dict(summary))
    raise GateError(
        f"{text}. The figures are in {context.run.stage(stage) / 'rejected.json'}. Train longer or on more data, or "
        f"set {stage}.on_fail = 'warn' to go on regardless"
    )


def warmup(context: Context) -> Summary:
    """Stage 3: planner warm-up on R_warm = J."""
    from cppo.training.rl import gate_rate_stopped
    from cppo.training.rollouts import PlannerRollout

    settings = context.recipe.warmup
    rows = _reinforce(
        context,
        "warmup",
        settings,
        PlannerRollout(settings, context.recipe.k, context.judge()),
        start="sft",
        stop=gate_rate_stopped(settings.check_every, settings.patience, settings.min_gate_rate),
    )
    return {"steps": len(rows), "gate_rate": [rows[0]["gate_rate"], rows[-1]["gate_rate"]] if rows else None}


def joint(context: Context) -> Summary:
    """Stage 5: joint CPPO."""
    from cppo.training.rollouts import SplitRegionRollout

    recipe = context.recipe
    rollout = SplitRegionRollout(recipe.joint, recipe.k, context.judge())
    rows = _reinforce(context, "joint", recipe.joint, rollout, start=recipe.joint.start)
    return {"steps": len(rows), "r_out": [rows[0]["r_out"], rows[-1]["r_out"]] if rows else None}


def baseline(name: str) -> Stage:
    """Return the stage that trains one baseline on DIRECT."""

    def stage(context: Context) -> Summary:
        from cppo.training.rollouts import DirectRollout

        settings = context.recipe.baselines[name]
        rows = _reinforce(context, name, settings, DirectRollout(settings, name), start="sft")
        return {"steps": len(rows), "rule": settings.rule, "v": [rows[0]["v"], rows[-1]["v"]] if rows else None}

    return stage


def _reinforce(
    context: Context, name: str, settings: Any, rollout: Any, *, start: str, stop: Any = None
) -> list[dict[str, Any]]:
    from cppo.training.rl import RLStage, run_stage

    recipe = context.recipe
    model = context.policy(start, trainable=True)
    stage = RLStage(
        name=name,
        settings=settings,
        rollout=rollout,
        problems=context.pools.train,
        bench=context.bench(),
        directory=context.run.stage(name),
        seed=derive_seed(recipe.seed, name),
        reporter=context.reporter,
        generation_batch=recipe.model.generation_batch,
        probe=_fidelity_probe(context),
        stop=stop,
    )
    rows = run_stage(stage, model, context.tokenizer, context.device)
    context.save(model, name)
    return rows


def _fidelity_probe(context: Context) -> Any:
    """Return the measurement of solver fidelity: the share of gold methods whose program comes out exactly."""
    from cppo.training.probes import fidelity_probe

    testbed, pools = context.pools.testbed, context.pools
    problems = pools.validation or pools.train
    if testbed is None or not problems:
        return None
    return fidelity_probe(testbed, problems[:32], context.prompts, context.recipe.evaluation.program_tokens)


def audit(context: Context) -> Summary:
    """Stage 4: the reward-density audit, forward only: go, hold or no-go."""
    from cppo.training.audit import run_audit

    recipe = context.recipe
    model = context.policy("warmup", trainable=False)
    problems = (context.pools.validation or context.pools.train)[: recipe.audit.problems]
    facts, episodes = run_audit(
        problems, recipe.joint, recipe.audit, recipe.k, context.judge(), context.bench(model), recipe.seed
    )
    write_jsonl(context.run.stage("audit") / "episodes.jsonl", episodes)
    for line in facts["lines"]:
        context.reporter.say(line)
    missed = facts["reasons"] if facts["verdict"] == "no-go" else []
    _gate(context, "audit", missed, recipe.audit.on_fail, facts)
    return facts


def evaluate(context: Context) -> Summary:
    """Sample every arm at the same budget on the test problems, compare, and write results.json and episodes.jsonl."""
    from cppo.episodes import to_row
    from cppo.evaluation.limits import family_matrices, limits
    from cppo.evaluation.run import EvaluationPlan, sample_arms, summarise

    recipe, run = context.recipe, context.run
    problems = context.pools.test
    directory = run.stage("evaluate")
    plan = EvaluationPlan(recipe.evaluation, problems, recipe.k, recipe.seed, directory, context.reporter)
    episodes = sample_arms(plan, lambda stage: context.bench(context.policy(stage, trainable=False)))
    write_jsonl(run.directory / "episodes.jsonl", (to_row(e) for mine in episodes.values() for e in mine))
    results: Summary = {
        "name": recipe.name,
        "seed": recipe.seed,
        "k": recipe.k,
        "problems": {"source": recipe.problems.source, "preset": recipe.problems.preset, **(run.done("prepare") or {})},
        **summarise(plan, episodes),
    }
    if recipe.problems.source == "crossroads":
        results["limits"] = limits(family_matrices(problems, context.verifier), recipe.evaluation.ks)
    results["stages"] = {name: run.done(name) for name in recipe.stages() if run.done(name) is not None}
    write_json(run.directory / "results.json", results)
    return {"pass_at": {arm["name"]: arm["pass_at"] for arm in results["arms"]}}


def report(context: Context) -> Summary:
    """Write the page."""
    from cppo.report import write_report

    path = write_report(context.run.directory)
    return {"page": path.name}


STAGES: Mapping[str, Stage] = {
    "prepare": prepare,
    "sft": sft,
    "validity": validity,
    "warmup": warmup,
    "audit": audit,
    "joint": joint,
    "evaluate": evaluate,
    "report": report,
}


def stage_function(name: str) -> Stage:
    """Return the function of a stage; any other name is a baseline's."""
    return STAGES[name] if name in STAGES else baseline(name)
