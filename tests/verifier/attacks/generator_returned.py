# mode: call
# allowed: WA
"""Return a generator that never ends."""


def f(facts):
    while True:
        yield 1
