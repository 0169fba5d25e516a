"""How long a recipe takes and how much memory its processes hold together, stage by stage.

    python benchmarks/demo.py [RECIPE] [--output DIR] [--json FILE]

Runs `cppo run RECIPE` from scratch in a directory of its own and samples, four times a second, the proportional set
size (memory shared between processes counted once) of the command and everything it starts: the second lane and the
verifiers too. Prints the seconds of each stage, the result as Markdown and, as the last line, JSON. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).parent.parent / "recipes" / "crossroads.toml"
INTERVAL = 0.25


def descendants(root: int) -> list[int]:
    """Return `root` and every process below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, front = [root], [root]
    while front:
        front = [child for parent in front for child in children.get(parent, ())]
        found += front
    return found


def proportional_mb(pid: int) -> float:
    """Return the proportional set size of a process in MiB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure(recipe: Path, output: Path) -> dict[str, Any]:
    """Run the recipe and return seconds, peak memory, the seconds of each stage and the result."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "cppo.cli.main", "run", str(recipe), "-o", str(output)])
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_mb, descendants(process.pid))))
        time.sleep(INTERVAL)
    if process.returncode != 0:
        sys.exit(f"the run failed with status {process.returncode}")
    seconds = time.monotonic() - began
    stages = {path.parent.name: json.loads(path.read_text())["seconds"] for path in output.glob("stages/*/done.json")}
    results = json.loads((output / "results.json").read_text())
    kept = {key: results[key] for key in ("seed", "budget", "ks", "problems", "comparisons")}
    arms = [{key: arm[key] for key in ("name", "title", "pass_at", "tokens")} for arm in results["arms"]]
    limits = {
        k: {kind: limit[kind] for kind in ("independent", "coordinated")}
        for k, limit in (results.get("limits") or {}).items()
    }
    return {
        "recipe": recipe.name, "seconds": seconds, "peak_mb": peak, "stages": stages,
        "result": {**kept, "arms": arms, "limits": limits},
    }  # fmt: skip


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the result as lines of Markdown: pass@k by method, the subject's lead at K, the limits."""
    ks = [str(k) for k in result["ks"]]
    versus = {row["other"]: row for row in result["comparisons"]}
    at = next(iter(versus.values()))["k"] if versus else ks[-1]
    subject = next(arm["title"] for arm in result["arms"] if arm["name"] not in versus)
    head = ["method", *(f"pass@{k}" for k in ks), f"{subject} − it at pass@{at}", "p (Holm)"]
    yield from (row_of(head), row_of(["---"] * len(head)))
    for arm in result["arms"]:
        cells = [f"{c['mean']:.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in (arm["pass_at"][k] for k in ks)]
        row = versus.get(arm["name"])
        lead = (
            [f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]", f"{row['holm_p']:.4f}"]
            if row
            else ["", ""]
        )
        yield row_of([arm["title"] if row else f"**{arm['title']}**", *cells, *lead])
    for kind in ("independent", "coordinated") if result["limits"] else ():
        yield row_of([f"*best {kind} policy*", *(f"{result['limits'][k][kind]:.3f}" for k in ks), "", ""])


def row_of(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", nargs="?", type=Path, default=RECIPE)
    parser.add_argument("--output", type=Path, help="run directory (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(options.recipe, options.output or Path(temporary) / "run")
    print(f"{figures['recipe']}: {figures['seconds']:.0f} s, peak memory {figures['peak_mb']:.0f} MiB")
    for name, seconds in figures["stages"].items():
        print(f"  {name:<10} {seconds:7.1f} s")
    print("\n" + "\n".join(table(figures["result"])) + "\n")
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
