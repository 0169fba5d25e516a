# mode: stdin
# allowed: WA CE MLE TLE RE
# source: built
# limits: wall_seconds=4
"""A million statements."""

SOURCE = "x=0\n" * 1_000_000
