# mode: call
# allowed: WA
# tests: 2
"""Keep a count in the program's own module."""

calls = []


def f(facts):
    calls.append(1)
    return "BROKEN" if len(calls) > 1 else "held"
