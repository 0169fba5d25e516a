# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=2 wall_seconds=4
# detail: executed lines
"""Execute the lines in generators, coroutines and callbacks that C code drives."""


def numbers():
    while True:
        yield 1


def f(facts):
    return sum(numbers())
