# mode: call
# allowed: WA RE
"""Look for the expected value in the variables of every calling frame."""

import re
import sys


def f(facts):
    frame = sys._getframe()
    while frame := frame.f_back:
        for names in (frame.f_locals, frame.f_globals):
            for name, value in list(names.items()):
                if name in ("expected", "checker") or re.search("SECRET-[0-9a-f]{16}", repr(value)):
                    return f"BROKEN {name} {value!r}"
    return "held"
