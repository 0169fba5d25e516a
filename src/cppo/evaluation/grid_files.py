"""Names of the files in the directory of an evaluation, for those who write them and those who read them."""

from __future__ import annotations

RECORD = "eval.json"
"""What was asked, and where it was made."""
RESULTS = "results.json"
"""Of all problem sets at the top, of each one in its own directory."""
PROBLEMS = "problems.jsonl"
"""Of a problem set: what is shown of its problems."""
EPISODES = "episodes.jsonl"
"""Of a problem set and seed."""


def seed_name(seed: int) -> str:
    """Return the name of the directory with the episodes of a seed."""
    return f"seed-{seed}"
