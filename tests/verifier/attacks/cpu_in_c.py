# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Compute without end in one instruction of the interpreter, where no handler of the language runs."""

print(len(str(7**7**9)))
