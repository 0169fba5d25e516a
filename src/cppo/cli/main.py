"""The command line. Heavy libraries are imported by the commands that need them, never by `cppo --help`.

Exit status: 0 done, 1 failed, 2 bad input (recipe, data, model or run directory), 3 a stage missed its gate, 4 the
verifier cannot run, 130 interrupted (the same command goes on from there).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TypeAlias

from cppo import __version__
from cppo.errors import CppoError

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

STAGE_HELP = {
    "prepare": "load the problems, prove the pools disjoint, build a tiny model where asked",
    "sft": "stage 1: planner fine-tuning on gold tuples",
    "validity": "stage 2: train the plan-validity model and hold it against its gates",
    "warmup": "stage 3: planner warm-up on validity alone",
    "audit": "stage 4: reward-density audit: go, hold or no-go",
    "joint": "stage 5: joint training of planner and solver",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and not hasattr(arguments, "override"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        if rest:
            arguments.override = [*arguments.override, *dotted(rest)]
        return int(arguments.command(arguments))
    except CppoError as error:
        print(f"cppo: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("cppo: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"cppo: error: {error.strerror or error}{where}; what was complete is kept, run the same command again",
            file=sys.stderr,
        )
        return 1


def dotted(arguments: Sequence[str]) -> list[str]:
    """Turn `--joint.learning_rate 1e-4` and `--joint.learning_rate=1e-4` into `section.key=value` overrides.

    Raises `ConfigError` for anything else.
    """
    from cppo.errors import ConfigError

    result: list[str] = []
    items = list(arguments)
    while items:
        name = items.pop(0)
        if not name.startswith("--") or name == "--":
            raise ConfigError(f"unexpected argument {name!r}; overrides look like --joint.learning_rate 1e-4")
        if "=" in name:
            result.append(name[2:])
        elif items:
            result.append(f"{name[2:]}={items.pop(0)}")
        else:
            raise ConfigError(f"override {name} has no value; write {name} VALUE")
    return result


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="cppo",
        description="Coordinated Pass@K Policy Optimization: plan K different methods, write one program for each, "
        "verify, and train both with one update.",
    )
    parser.add_argument("--version", action="version", version=f"cppo {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _recipe_command(commands, "run", "run all stages of a recipe, or some")
    run.add_argument("--stages", metavar="A,B", help="only these stages, separated by commas")
    run.set_defaults(command=lambda a: _commands().run(a, a.stages.split(",") if a.stages else None))
    for name, text in STAGE_HELP.items():
        stage = _recipe_command(commands, name, text)
        stage.set_defaults(command=lambda a, name=name: _commands().run(a, [name]))
    train = _recipe_command(commands, "baseline", "train one baseline of the recipe on DIRECT")
    train.add_argument("name", help="its name in the recipe, e.g. grpo or pkpo")
    train.set_defaults(command=lambda a: _commands().run(a, [a.name]))
    evaluate = _recipe_command(commands, "eval", "sample every arm at the same budget on the test problems and compare")
    evaluate.set_defaults(command=lambda a: _commands().run(a, ["evaluate"]))
    report = commands.add_parser("report", help="write the page of a run")
    report.add_argument("directory", help="a run directory that holds results.json")
    report.set_defaults(command=lambda a: _commands().report(a))
    compare = commands.add_parser("compare", help="runs of one recipe with different seeds as one result")
    compare.add_argument("directories", nargs="+", metavar="DIR", help="evaluated run directories")
    compare.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples (default: %(default)s)")
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.set_defaults(command=lambda a: _commands().compare(a))
    limits = _recipe_command(commands, "limits", "the best coordinated and independent policies, by execution")
    limits.add_argument("--json", action="store_true", help="print JSON")
    limits.set_defaults(command=lambda a: _commands().limits(a))
    config = commands.add_parser("config", help="every key a recipe may set, its default and what it does")
    config.add_argument("section", nargs="?", default="", help="only keys that start with this")
    config.set_defaults(command=lambda a: _commands().config(a))
    return parser


def _recipe_command(commands: Subcommands, name: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}. Any key of the recipe can be set from here, e.g. "
        "--joint.learning_rate 1e-4 (`cppo config` lists them).",
    )
    command.add_argument("recipe", help="a TOML recipe")
    command.add_argument("-o", "--output", metavar="DIR", help="run directory (default: runs/NAME of the recipe)")
    command.add_argument(
        "--override", action="append", default=[], metavar="KEY=VALUE", help="set a key of the recipe; may be repeated"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress, only results and errors")
    return command


def _commands() -> ModuleType:
    """Import the commands, and with them numpy and scipy, only when one is called."""
    from cppo.cli import commands

    return commands


if __name__ == "__main__":
    sys.exit(main())
