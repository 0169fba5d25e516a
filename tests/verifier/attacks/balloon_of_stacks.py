# mode: stdin
# allowed: RE MLE TLE WA
"""Take memory in stacks, by recursing without end in C."""

import sys

sys.setrecursionlimit(1 << 30)


class Again:
    def __getattr__(self, name):
        return getattr(self, name + "")

    def __repr__(self):
        return f"{self!r}"


repr(Again())
