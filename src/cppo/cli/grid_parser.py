"""Arguments of `cppo eval` and `cppo solve`, without importing what they need."""

from __future__ import annotations

import argparse


def add_eval_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `cppo eval` takes beside the arguments of every command with a recipe."""
    asked = command.add_argument_group("without a recipe, or over its keys")
    add = asked.add_argument
    add("--model", action="append", default=[], metavar="PATH|URL", help="a model's directory or Hub name, or a server")
    add("--served", metavar="NAME", help="the name under which a server knows its model")
    add("--problems", action="append", default=[], metavar="SET", help="a JSONL file or a set such as apps:test:200")
    add("--data", metavar="DIR", help="where the files of named sets lie (default: the Hugging Face cache, the Hub)")
    add("--methods", metavar="A,B", help="inference methods (default: direct,tuple)")
    add("--limit", type=int, metavar="N", help="only so many problems of each set")
    add("--subject", metavar="ARM", help="what every other arm is compared with (default: the last one)")
    add("--comparator", metavar="ARM", help="over which `cppo table` gives the subject's lead; name it beforehand")
    ways = command.add_argument_group("ways to run")
    add = ways.add_argument
    add("--dry-run", action="store_true", help="say how many requests and tokens are still to come, and stop")
    add("--replay", metavar="DIR", help="judge the programs of that evaluation again, without a call to a model")
    add("--checker", metavar="NAME", help="with --replay: in place of the checker of every problem")
    add("--json", action="store_true", help="print JSON")


def add_solve_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `cppo solve` takes."""
    add = command.add_argument
    add("problem", help="a file (statement, JSON, or JSONL with #ID), - for standard input, or a set with an id")
    add("--model", required=True, metavar="PATH|URL", help="a model's directory or Hub name, or a server")
    add("--served", metavar="NAME", help="the name under which a server knows its model")
    add("--api", choices=("chat", "completions"), default="chat", help="of a server (default: %(default)s)")
    add("--method", default="tuple", help="inference method (default: %(default)s)")
    add("--k", type=int, default=4, help="attempts (default: %(default)s)")
    add("--seed", type=int, default=0, help="of everything that is sampled (default: %(default)s)")
    add("--data", metavar="DIR", help="where the files of named sets lie")
    add("--prompts", choices=("full", "compact"), default="full", help="compact: for models trained from scratch on it")
    add("--chat", action="store_true", help="wrap prompts in the chat template of a model in this process")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--plan-temperature", type=float, default=0.9, metavar="T", help="default: %(default)s")
    add("--temperature", type=float, default=0.7, metavar="T", help="of programs (default: %(default)s)")
    add("--plan-tokens", type=int, default=512, metavar="N", help="limit of a plan (default: %(default)s)")
    add("--program-tokens", type=int, default=2048, metavar="N", help="limit of a program (default: %(default)s)")
    add("--workers", type=int, default=1, metavar="N", help="programs run at once (default: %(default)s)")
    add("--json", action="store_true", help="print all of it as JSON")
    add("-q", "--quiet", action="store_true", help="only the program and errors")
