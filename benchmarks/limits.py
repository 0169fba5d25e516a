"""The limits of any policy on the testbed's published settings, by running every strategy on every problem.

    python benchmarks/limits.py [--problems 2100] [--json FILE]

For each preset: pass@k of the best coordinated and of the best independent policy, an exact solver taken for granted.
Prints a table and, as the last line, JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from cppo.evaluation.limits import family_matrices, limits
from cppo.problems.crossroads.generate import generate
from cppo.problems.crossroads.settings import SETTINGS
from cppo.verifier import Verifier, VerifierConfig

KS = (1, 2, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=2100, help="problems a preset")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, object] = {"problems": options.problems}
    print(f"{'preset':<8} {'k':>2} {'coordinated':>12} {'independent':>12}")
    with Verifier(VerifierConfig(isolate_tests=False), workers=2) as verifier:
        for name in ("equal", "skewed"):
            began = time.monotonic()
            result = limits(family_matrices(generate(SETTINGS[name], "test", options.problems, 0), verifier), KS)
            figures[name] = {
                k: {kind: row[kind] for kind in ("coordinated", "independent")} for k, row in result.items()
            }
            for k, row in result.items():
                print(f"{name:<8} {k:>2} {row['coordinated']:12.4f} {row['independent']:12.4f}")
            print(f"{'':8} {time.monotonic() - began:.0f} s")
    text = json.dumps(figures)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
