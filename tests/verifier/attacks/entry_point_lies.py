# mode: call
# allowed: WA RE
"""Answer the look-up of the entry point with objects that run code at every touch."""


class Meta(type):
    def __getattribute__(cls, name):
        raise KeyboardInterrupt

    def __instancecheck__(cls, other):
        raise SystemExit(0)


class Solution(metaclass=Meta):
    pass


def f(facts):
    return "held"
