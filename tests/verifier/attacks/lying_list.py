# mode: call
# allowed: WA
"""Return a list of a type of its own that shows other elements each time it is read."""


class List(list):
    def __eq__(self, other):
        return True

    def __iter__(self):
        return iter(["BROKEN"])


def f(facts):
    return List([0])
