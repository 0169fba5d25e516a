"""What can be known to be wrong before any work: files, models, checkers, sizes and engine options of every stage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cppo.context import Context
from cppo.errors import ConfigError, DataError
from cppo.recipe import Recipe
from cppo.training.settings import RLSettings
from cppo.verifier import default_checker, find_checker


def check_inputs(context: Context) -> None:
    """Read the files and resolve the models that later stages need; sizes that cannot work are refused too."""
    from cppo.policy.judge import verbaliser_ids
    from cppo.policy.loading import load_tokenizer
    from cppo.training.planner import read_gold_tuples
    from cppo.training.validity import read_judged_plans

    recipe, pools = context.recipe, context.pools
    stages = {"warmup": recipe.warmup, "joint": recipe.joint, **recipe.baselines}
    for name, settings in stages.items():
        if settings.problems_per_step > len(pools.train):
            raise ConfigError(
                f"{name}.problems_per_step is {settings.problems_per_step}, but there are {len(pools.train)} training "
                "problems; bring more or lower it"
            )
    check_engine_options(recipe)
    for problem in (*pools.train, *pools.validation, *pools.test):
        try:
            find_checker(default_checker(problem))
        except DataError as error:
            raise DataError(f"problem {problem.id!r}: {error}") from None
    if recipe.sft.data is not None:
        read_gold_tuples(recipe.sft.data, pools.train, recipe.k)
    elif pools.testbed is None:
        raise ConfigError("sft.data is not set; gold tuples must come from a file (only the testbed draws its own)")
    if recipe.validity.data is not None:
        read_judged_plans(recipe.validity.data, pools.train)
    if recipe.model.tiny is None:
        load_tokenizer(recipe.model.path, recipe.model.revision)
    source = recipe.validity.path or (None if recipe.model.tiny else recipe.model.path)
    if source is not None:
        verbaliser_ids(load_tokenizer(source), context.prompts)


def check_engine_options(recipe: Recipe) -> None:
    """Build the engines' own arguments once, so that an option they refuse is named before any work."""
    from cppo.training.supervised import supervised_arguments
    from cppo.training.trl_adapter import grpo_arguments

    nowhere = Path("unused")
    sizes: dict[str, tuple[RLSettings, int]] = {
        "warmup": (recipe.warmup, recipe.warmup.tuples),
        "joint": (recipe.joint, recipe.joint.tuples * (1 + recipe.k)),
        **{f"baselines.{name}": (baseline, baseline.programs) for name, baseline in recipe.baselines.items()},
    }
    checks: dict[str, Callable[[], object]] = {
        "sft": lambda: supervised_arguments(recipe.sft, nowhere, 0, "cpu"),
        "validity": lambda: supervised_arguments(recipe.validity, nowhere, 0, "cpu"),
    }
    for name, (settings, size) in sizes.items():
        checks[name] = partial(grpo_arguments, settings, per_problem=size, output=nowhere, seed=0, device="cpu")
    for name, check in checks.items():
        try:
            check()
        except (ValueError, TypeError) as error:
            raise ConfigError(f"[{name}]: {error}") from error
