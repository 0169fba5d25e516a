# mode: call
# allowed: WA
"""Return text of a type of its own, equal to everything."""


class Str(str):
    def __eq__(self, other):
        return True

    def __getitem__(self, index):
        return "\0"

    __hash__ = str.__hash__


def f(facts):
    return Str("0")
