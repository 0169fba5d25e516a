# mode: call
# allowed: RE
"""End by a memory fault."""

import ctypes


def f(facts):
    return ctypes.string_at(1)
