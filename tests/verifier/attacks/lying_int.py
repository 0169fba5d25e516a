# mode: call
# allowed: WA
"""Return a number of a type of its own, equal to everything, and written as something else."""


class Int(int):
    def __eq__(self, other):
        return True

    def __repr__(self):
        return '"BROKEN"'

    __hash__ = int.__hash__
    __str__ = __repr__


def f(facts):
    return [1, Int(0)]
