"""The command line. Heavy libraries are imported by the commands that need them, never by `cppo --help`.

Exit status: 0 done, 1 failed, 2 bad input (recipe, data, model or run directory), 3 a gate was missed, 4 the verifier
cannot run, seals nothing or left programs without a verdict, 130 interrupted (the same command goes on from there).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TypeAlias

from cppo import __version__
from cppo.cli.data_parser import add_data
from cppo.cli.grid_parser import add_eval_arguments, add_solve_arguments
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
STUDY_HELP = {
    "study": "one run for every training seed of the recipe, and the result over seeds",
    "ablate": "train the ablations of the recipe on what its seeds share, and compare them with the full method",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    for name in ("programs", "recipe"):
        if len(rest) == 1 and getattr(arguments, name, rest) is None and not rest[0].startswith("-"):
            # argparse gives up on an optional positional as soon as an option stands before it
            setattr(arguments, name, rest.pop())
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
        resumes = getattr(arguments, "resumes", False)
        what = "; the same command goes on from what was complete" if resumes else ""
        print(f"cppo: interrupted{what}", file=sys.stderr)
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
    _training_commands(commands)
    _evaluation_commands(commands)
    _result_commands(commands)
    _verify_command(commands)
    doctor = commands.add_parser(
        "doctor", help="the jail in use on this machine, what it stops, how to get a better one"
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(command=lambda a: _import("doctor").doctor(a))
    config = commands.add_parser("config", help="every key a recipe may set, its default and what it does")
    config.add_argument("section", nargs="?", default="", help="only keys that start with this")
    config.set_defaults(command=lambda a: _commands().config(a))
    return parser


def _training_commands(commands: Subcommands) -> None:
    run = _recipe_command(commands, "run", "run all stages of a recipe, or some")
    run.add_argument("--stages", metavar="A,B", help="only these stages, separated by commas")
    run.set_defaults(resumes=True, command=lambda a: _commands().run(a, a.stages.split(",") if a.stages else None))
    for name, text in STAGE_HELP.items():
        stage = _recipe_command(commands, name, text)
        stage.set_defaults(resumes=True, command=lambda a, name=name: _commands().run(a, [name]))
    train = _recipe_command(commands, "baseline", "train one baseline of the recipe on DIRECT")
    train.add_argument("name", help="its name in the recipe, e.g. grpo or pkpo")
    train.set_defaults(resumes=True, command=lambda a: _commands().run(a, [a.name]))
    for name, text in STUDY_HELP.items():
        study = _recipe_command(commands, name, text, default="runs/NAME-study")
        study.add_argument(
            "--jobs", type=int, metavar="N", help="stages that run at once (default: jobs of the recipe)"
        )
        study.set_defaults(resumes=True, command=lambda a, name=name: getattr(_import("study"), name)(a))


def _evaluation_commands(commands: Subcommands) -> None:
    text = "pass@k of methods and models at the same budget: the arms of a training recipe, or any models and problems"
    evaluate = _recipe_command(commands, "eval", text, optional=True)
    add_eval_arguments(evaluate)
    evaluate.set_defaults(resumes=True, command=lambda a: _import("evaluate").evaluate(a))
    solve = commands.add_parser(
        "solve",
        help="K attempts at one problem; prints the first program that passes",
        description="Plan K methods for one problem, write a program for each and run them on its tests. What happens "
        "goes to standard error, the first program that passes to standard output. Exit status 0 only when one passed. "
        "Without tests programs are ranked by agreement, and the status is 1.",
    )
    add_solve_arguments(solve)
    solve.set_defaults(command=lambda a: _import("solve").solve(a))
    add_data(commands)
    limits = _recipe_command(commands, "limits", "the best coordinated and independent policies, by execution")
    limits.add_argument("--json", action="store_true", help="print JSON")
    limits.set_defaults(command=lambda a: _commands().limits(a))


def _result_commands(commands: Subcommands) -> None:
    report = commands.add_parser("report", help="write the page of a run, a study or an evaluation")
    report.add_argument("directory", help="its directory, with its results")
    report.set_defaults(command=lambda a: _commands().report(a))
    compare = commands.add_parser(
        "compare", help="runs of one recipe with different seeds as one result, or one evaluation against another"
    )
    compare.add_argument(
        "directories", nargs="+", metavar="DIR", help="evaluated run directories, or two that `cppo eval` wrote"
    )
    compare.add_argument("--resamples", type=int, default=10_000, help="bootstrap resamples (default: %(default)s)")
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.set_defaults(command=lambda a: _commands().compare(a))
    table = commands.add_parser("table", help="several evaluations in one table: methods down, models and sets across")
    table.add_argument("directories", nargs="+", metavar="DIR", help="directories that `cppo eval` wrote")
    table.add_argument("--at", type=int, default=4, metavar="K", help="the k of pass@k (default: %(default)s)")
    table.add_argument(
        "--against", metavar="ARM", help="also the subject's lead over this arm, corrected over all columns"
    )
    form = table.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    table.set_defaults(command=lambda a: _import("table").table(a))
    export = commands.add_parser("export", help="an evaluation in the format of another tool")
    export.add_argument("directory", help="a directory that `cppo eval` wrote")
    export.add_argument("--to", required=True, metavar="FORMAT", help="inspect, hf (Parquet) or lm-eval")
    export.add_argument("-o", "--output", required=True, metavar="PATH", help="a directory; for lm-eval a JSON file")
    export.set_defaults(command=lambda a: _import("export").export(a))


def _recipe_command(
    commands: Subcommands, name: str, text: str, default: str = "runs/NAME of the recipe", *, optional: bool = False
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}. Any key of the recipe can be set from here, e.g. "
        "--joint.learning_rate 1e-4 (`cppo config` lists them).",
    )
    command.add_argument("recipe", help="a TOML recipe", nargs="?" if optional else None)
    command.add_argument("-o", "--output", metavar="DIR", help=f"its directory (default: {default})")
    command.add_argument(
        "--override", action="append", default=[], metavar="KEY=VALUE", help="set a key of the recipe; may be repeated"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress, only results and errors")
    return command


def _verify_command(commands: Subcommands) -> None:
    command = commands.add_parser(
        "verify",
        help="judge programs on their problems, or (--gold) the problems by their reference solutions",
        description="Judge programs: run them on the tests of their problems, in a jail, and write a verdict for each. "
        "The same command goes on where it was stopped. With --gold: judge the reference solutions of the problems and "
        "report, by checker, which problems no reference passes.",
    )
    add = command.add_argument
    add("problems", metavar="PROBLEMS.jsonl", help="problems with their tests, one a line")
    add("programs", metavar="PROGRAMS.jsonl", nargs="?", help='{"problem_id", "program_id", "program" or "completion"}')
    add("-o", "--output", metavar="VERDICTS.jsonl", help="where the verdicts go, one a line")
    add("--gold", action="store_true", help="judge the reference solutions of the problems")
    add("--all-tests", action="store_true", help="run all tests, not only up to the first failure")
    add("--extract", choices=("last_block", "lcb"), help="how a program is found in a completion (default: last_block)")
    add("--restart", action="store_true", help="judge everything again; verdicts already in the file are lost")
    add("--show", type=_count, default=10, metavar="N", help="problems listed at most (default: %(default)s)")
    add("--json", action="store_true", help="print the summary as JSON")
    add("-q", "--quiet", action="store_true", help="no progress, only results and errors")
    judging = command.add_argument_group("how programs are judged")
    add = judging.add_argument
    add("--checker", metavar="NAME", help="in place of the checker of every problem")
    for name, unit in (
        ("cpu-seconds", "SECONDS"),
        ("wall-seconds", "SECONDS"),
        ("memory-mb", "MIB"),
        ("output-mb", "MIB"),
    ):
        add(f"--{name}", type=float, metavar=unit, help="of a test, where the problem does not say")
    add("--lines", type=int, metavar="N", help="executed lines of a test, where the problem does not say")
    add("--tier", choices=("best", "namespaces", "landlock", "rlimits"), help="the jail (see `cppo doctor`)")
    add("--workers", type=int, metavar="N", help="programs run at once (default: the processors available)")
    add("--cache", metavar="FILE", help="keep verdicts here from one run to the next")
    gold = command.add_argument_group("with --gold")
    gold.add_argument(
        "--checkers",
        metavar="A,B",
        help="other checkers to compare with; 'own' for none (default: all, for problems in stdin mode)",
    )
    gold.add_argument(
        "--fail-below",
        type=float,
        metavar="SHARE",
        help="exit status 3 when a smaller share of the problems has a reference that passes",
    )
    command.set_defaults(
        resumes=True, command=lambda a: _import("gold").gold(a) if a.gold else _import("verify").verify(a)
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _import(name: str) -> ModuleType:
    """Import the module of a command, and with it numpy, pydantic and the like, only when the command is called."""
    return importlib.import_module(f"cppo.cli.{name}")


def _commands() -> ModuleType:
    return _import("commands")


if __name__ == "__main__":
    sys.exit(main())
