# mode: call
# allowed: WA
"""Return what is not equal even to itself."""


def f(facts):
    return [float("nan"), float("inf")]
