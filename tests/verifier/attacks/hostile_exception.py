# mode: call
# allowed: WA RE
"""Raise an exception whose type, text and traceback are hostile code."""


class Error(BaseException):
    def __str__(self):
        raise SystemExit(0)

    @property
    def __traceback__(self):
        raise RecursionError

    __repr__ = __str__


Error.__name__ = "BROKE\0\n" * 999


def f(facts):
    raise Error
