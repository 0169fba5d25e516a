# mode: call
# allowed: WA
"""Return an object that claims through its class attribute to be a number."""


class Claim:
    __class__ = int

    def __index__(self):
        return 1

    __int__ = __index__

    def bit_length(self):
        return 1


def f(facts):
    return Claim()
