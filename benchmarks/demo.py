"""How long a recipe takes and how much memory its processes hold together, stage by stage.

    python benchmarks/demo.py [RECIPE] [--output DIR] [--json FILE]

Runs `cppo run RECIPE` from scratch in a directory of its own and samples, four times a second, the proportional set
size (memory shared between processes counted once) of the command and everything it starts: the second lane and the
verifiers too. Prints a table and, as the last line, JSON. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def measure(recipe: Path, output: Path) -> dict[str, object]:
    """Run the recipe and return seconds, peak memory and the seconds of each stage."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "cppo.cli.main", "run", str(recipe), "-o", str(output)])
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_mb, descendants(process.pid))))
        time.sleep(INTERVAL)
    if process.returncode != 0:
        sys.exit(f"the run failed with status {process.returncode}")
    stages = {path.parent.name: json.loads(path.read_text())["seconds"] for path in output.glob("stages/*/done.json")}
    return {"recipe": recipe.name, "seconds": time.monotonic() - began, "peak_mb": peak, "stages": stages}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", nargs="?", type=Path, default=RECIPE)
    parser.add_argument("--output", type=Path, help="run directory (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = measure(options.recipe, options.output or Path(temporary) / "run")
    print(f"{figures['recipe']}: {figures['seconds']:.0f} s, peak memory {figures['peak_mb']:.0f} MiB")
    for name, seconds in figures["stages"].items():  # type: ignore[attr-defined]
        print(f"  {name:<10} {seconds:7.1f} s")
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
