"""Seconds and bytes of the page of an evaluation, and how fast Chromium opens it and filters its episodes.

    python benchmarks/page.py [--episodes 10000] [--attempts 4] [--seeds 2] [--different] [--rounds 5]
                              [--json FILE] [--keep DIR]

The evaluation is made up: two sets, three arms, one episode a problem, seed and arm, verdicts by chance. Programs are
functions of Python's standard library with other names in them: every attempt at a problem is one of its four
functions, lines lost and names changed; with --different each is another function, which packs worse than anything that
a model writes about one problem, and fills the page to its limit. Build seconds are one round; those of the browser
medians of `--rounds`, each in a fresh tab:

- `open`: from the start of the navigation until the first problems of the list are painted
- `filter`: from a choice of verdict and of what solved it until the list is painted
- `search`: the same for a text, three seconds after the page was opened; `search again` for another text, `search at
  once` as soon as the list is there, when all texts are still to be unpacked. The 120 ms that the page waits for
  another key are part of it
- `problem`: from a click until its programs are painted

Needs a chromium on PATH; without one only the build is measured.
"""

from __future__ import annotations

import argparse
import ast
import json
import keyword
import random
import re
import shutil
import statistics
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from cppo.config import build
from cppo.episodes import Branch, Call, Episode, to_row
from cppo.evaluation.grid_files import EPISODES, PROBLEMS, RESULTS
from cppo.files import write_json, write_jsonl
from cppo.grid.layout import Grid
from cppo.grid.problem_sets import ProblemSet
from cppo.grid.result import grid_result, set_result
from cppo.grid.settings import GridRecipe
from cppo.problems import Problem, TestCase
from cppo.report import write_evaluation
from cppo.verifier import Verdict

SETS = ("apps:introductory", "livecodebench:v6")
ARMS = (("direct", "Direct sampling", 0.25), ("plansearch", "PlanSearch", 0.3), ("tuple", "CPPO", 0.4))
"""Method, title, and the made-up chance that a program passes."""
FAILED = (Verdict.WA, Verdict.WA, Verdict.WA, Verdict.RE, Verdict.TLE, Verdict.CE)
SHORTEST, LONGEST = 300, 3000
"""Characters of a function that is taken as a program."""
WAYS, NAMES, LOST = 4, 20, 0.05
"""Functions and names that programs for one problem share; the chance that a line is lost."""
PAUSE = 3000
"""Milliseconds in which the page may unpack its texts."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    """Build, measure, print a table, then JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--attempts", type=int, default=4, help="programs an episode")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--different", action="store_true", help="another function for every program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--keep", type=Path, help="make the evaluation in this directory and leave it there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = arguments.keep or Path(scratch) / "evaluation"
        ways = 0 if arguments.different else WAYS
        facts = make(directory, arguments.episodes, arguments.attempts, arguments.seeds, ways)
        began = time.perf_counter()
        page = write_evaluation(directory)
        facts |= {"build seconds": round(time.perf_counter() - began, 2), "bytes": page.stat().st_size}
        facts |= browse(page, arguments.rounds)
    for key, value in facts.items():
        print(f"{key:>24}  {value:,}" if isinstance(value, int) else f"{key:>24}  {value}")
    if arguments.json:
        write_json(arguments.json, facts)
    print(json.dumps(facts))


# ---- the evaluation


def make(directory: Path, episodes: int, attempts: int, seeds: int, ways: int) -> dict[str, Any]:
    """Write an evaluation of about so many episodes, `ways` functions a problem; return what it holds."""
    programs = Programs(random.Random(0), ways)
    each = max(1, round(episodes / (len(SETS) * len(ARMS) * seeds)))
    methods = [method for method, *_ in ARMS]
    data = {
        "name": "benchmark of the page", "problems": list(SETS), "models": {"tiny": {"path": "nowhere"}},
        "arms": [{"name": m, "model": "tiny", "method": m, "title": title} for m, title, _ in ARMS],
        "subject": methods[-1], "seeds": list(range(seeds)), "k": attempts, "attempts": attempts,
        "ks": sorted({1, 2, attempts}), "resamples": 1000,
    }  # fmt: skip
    grid = Grid(build(GridRecipe, data, "benchmark"), directory)
    results, count = {}, 0
    with grid.open():
        for source in SETS:
            problems = [
                Problem(f"{source.partition(':')[0]}/{i:04d}", programs.statement(), [TestCase("", "")] * 10)
                for i in range(each)
            ]
            folder = grid.set_directory(source)
            write_jsonl(folder / PROBLEMS, ({"id": p.id, "statement": p.statement, "tests": 10} for p in problems))
            for seed in range(seeds):
                made = [
                    _episode(problem, method, rate, attempts, programs)
                    for method, _, rate in ARMS
                    for problem in problems
                ]
                count += len(made)
                write_jsonl(folder / f"seed-{seed}" / EPISODES, map(to_row, made))
            results[source] = set_result(grid, ProblemSet(source, problems, {"source": source}))
            write_json(folder / RESULTS, results[source])
        write_json(directory / RESULTS, grid_result(grid, results))
    return {
        "episodes": count, "problems": each * len(SETS), "programs": count * attempts,
        "characters a program": programs.characters // programs.written,
        "megabytes of episodes": round(sum(p.stat().st_size for p in directory.rglob(EPISODES)) / 1e6, 1),
    }  # fmt: skip


def _episode(problem: Problem, method: str, rate: float, attempts: int, programs: Programs) -> Episode:
    rng = programs.rng
    methods = tuple(programs.sentence() for _ in range(attempts)) if method != "direct" else ()
    branches = []
    for i in range(attempts):
        passed = rng.random() < rate
        verdict = Verdict.AC if passed else rng.choice(FAILED)
        detail = "" if passed else f"test {rng.randrange(10)}: expected {rng.random()}, given {rng.random()}"
        method_text = methods[i] if methods else None
        program = programs.program(problem.id)
        branches.append(Branch(method_text, program, verdict, "end", rng.randrange(50, 900), detail))
    calls = [Call("solver", 400, branch.tokens, branch.stop) for branch in branches]
    if not methods:
        return Episode(method, problem.id, 0, tuple(branches), calls=tuple(calls))
    return Episode(
        method, problem.id, 0, tuple(branches), "\n".join(methods), methods if method == "tuple" else (),
        plan_tokens=120, calls=(Call("planner", 300, 120, "end"), *calls),
    )  # fmt: skip


class Programs:
    """Programs and sentences out of the standard library's source."""

    def __init__(self, rng: random.Random, ways: int) -> None:
        self.rng, self.ways = rng, ways
        self.of: dict[str, tuple[list[str], list[str]]] = {}
        self.functions: list[str] = []
        self.docs: list[str] = []
        self.written = self.characters = 0
        for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
            self._take(path)
        self.words = sorted({word for text in self.docs for word in re.findall("[a-z]{3,9}", text)} - {*keyword.kwlist})

    def _take(self, path: Path) -> None:
        try:
            source = path.read_text(encoding="utf-8")
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError):
            return
        lines = source.splitlines(keepends=True)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                text = "".join(lines[node.lineno - 1 : node.end_lineno])
                if SHORTEST <= len(text) <= LONGEST:
                    self.functions.append(text)
                if doc := ast.get_docstring(node):
                    self.docs.append(doc)

    def program(self, problem: str) -> str:
        """Return a function, some of its names replaced and some of its lines lost."""
        functions, words = self.functions, self.words
        if self.ways:
            new = self.rng.sample(functions, self.ways), self.rng.sample(words, NAMES)
            functions, words = self.of.setdefault(problem, new)
        text = self.rng.choice(functions)
        names = sorted({name for name in re.findall(r"\b[a-z_]{3,}\b", text) if not keyword.iskeyword(name)})
        for name in self.rng.sample(names, min(6, len(names))):
            text = re.sub(rf"\b{name}\b", self.rng.choice(words), text)
        text = "".join(line for line in text.splitlines(keepends=True) if self.rng.random() > LOST)
        self.written += 1
        self.characters += len(text)
        return text

    def sentence(self) -> str:
        """Return twelve words."""
        return " ".join(self.rng.choices(self.words, k=12))

    def statement(self) -> str:
        """Return six paragraphs."""
        return "\n\n".join(self.rng.choices(self.docs, k=6))


# ---- the browser

OPENED = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("#problems .row")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.openedAfter = performance.now(); }));
}).observe(document, {childList: true, subtree: true});
"""
WAIT = "async () => { while (!window.openedAfter) await new Promise((resolve) => setTimeout(resolve, 5)); }"
PAINTED = """
async ([changes, done]) => {
  const began = performance.now();
  const form = document.getElementById("filters");
  for (const [name, value] of Object.entries(changes)) {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
  }
  if (!Object.keys(changes).length) document.querySelector("#problems .row").click();
  const ready = done ? () => document.querySelector(done)
    : () => !document.getElementById("problems").hasAttribute("aria-busy");
  await new Promise((resolve) => setTimeout(resolve, "text" in changes ? 120 : 0));
  while (!ready()) await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return [performance.now() - began, document.getElementById("found").textContent];
}
"""


def browse(page: Path, rounds: int) -> dict[str, Any]:
    """Return milliseconds in Chromium, and what the filters found."""
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    if binary is None:
        print("no chromium on PATH: the browser is not measured", file=sys.stderr)
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        times: list[dict[str, float]] = []
        for _ in range(rounds):
            tab = _opened(browser, page)
            mine = {"open": tab.evaluate("window.openedAfter")}
            mine["problem"], _ = tab.evaluate(PAINTED, [{}, "#problems .attempts"])
            mine["filter"], _ = tab.evaluate(PAINTED, [{"verdict": "T", "solved": "2>0"}, ""])
            tab.evaluate(PAINTED, [{"verdict": "", "solved": ""}, ""])
            tab.wait_for_timeout(PAUSE)
            mine["search"], found = tab.evaluate(PAINTED, [{"text": "encoding"}, ""])
            mine["search again"], _ = tab.evaluate(PAINTED, [{"text": "raise ValueError"}, ""])
            tab.close()
            tab = _opened(browser, page)
            mine["search at once"], _ = tab.evaluate(PAINTED, [{"text": "encoding"}, ""])
            tab.close()
            times.append(mine)
        browser.close()
    return {
        **{f"{key}, ms": round(statistics.median(one[key] for one in times)) for key in times[0]},
        "slowest round, ms": {key: round(max(one[key] for one in times)) for key in times[0]},
        "found by the search": found,
    }


def _opened(browser: Any, page: Path) -> Any:
    tab = browser.new_page()
    tab.add_init_script(OPENED)
    tab.goto(page.as_uri(), wait_until="commit")
    tab.evaluate(WAIT)
    return tab


if __name__ == "__main__":
    main()
