# mode: call
# allowed: WA
"""Return a dictionary of a type of its own, and one whose keys lie about their hash."""


class Dict(dict):
    def items(self):
        return [("BROKEN", "BROKEN")]


class Key(str):
    def __hash__(self):
        return 0

    def __eq__(self, other):
        return True


def f(facts):
    return {"a": Dict(a=1), Key("b"): 2}
