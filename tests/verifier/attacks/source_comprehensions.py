# mode: stdin
# allowed: CE RE WA TLE MLE
# limits: wall_seconds=3
# source: built
"""Comprehensions with thousands of clauses, and patterns with thousands of branches."""

SOURCE = "x = [0 " + "for a in b " * 20_000 + "]\n" + "if x: pass\n" + "elif x: pass\n" * 20_000
