# mode: call
# allowed: WA
"""Return an object that is equal to whatever it is compared with."""


class Equal:
    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


def f(facts):
    return Equal()
