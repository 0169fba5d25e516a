# mode: call
# allowed: WA
# tests: 2
# isolated: only
"""Keep a count in an imported module, in the builtins, and in a class of the standard library."""

import builtins
import collections
import math
import sys


def f(facts):
    if (
        hasattr(math, "mark")
        or hasattr(builtins, "mark")
        or "mark" in sys.modules
        or hasattr(collections.Counter, "mark")
    ):
        return "BROKEN"
    math.mark = builtins.mark = collections.Counter.mark = sys.modules["mark"] = 1
    return "held"
