# mode: call
# allowed: WA
"""Return a list that contains itself."""


def f(facts):
    value = [{"again": []}]
    value[0]["again"].append(value)
    return value
