# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Execute lines that the program compiled itself, under another file name: the clock remains."""


def f(facts):
    exec(compile("while True:\n    x = 1\n", "other.py", "exec"))
