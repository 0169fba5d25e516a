# mode: call
# allowed: WA RE
"""Return a list nested 300,000 deep: whatever recurses over it ends the process."""


def f(facts):
    value = []
    for _ in range(300_000):
        value = [value]
    return value
