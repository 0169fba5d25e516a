# mode: stdin
# allowed: TLE MLE CE RE WA
# limits: cpu_seconds=0.3 wall_seconds=0.4
# source: built
"""Many constants that are each just small enough for the compiler to compute, one built on the other."""

SOURCE = "\n".join(f"x = {'(' * 40}2{'**7)' * 40}  # {n}" for n in range(500))
