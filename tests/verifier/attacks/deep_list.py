# mode: call
# allowed: WA RE
"""Return lists nested 200 deep, just what may pass, and compare them with text."""


def f(facts):
    value = "\0"
    for _ in range(200):
        value = [value]
    return value
