# mode: stdin
# allowed: RE MLE TLE
"""Crash the compiler, but only once the program runs."""

compile("-" * 3_000_000 + "1", "solution.py", "exec")
raise SystemExit(1)
