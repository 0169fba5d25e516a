# mode: stdin
# allowed: RE MLE TLE
"""Overflow the stack of the interpreter itself."""

import sys

sys.setrecursionlimit(1 << 30)
value = ()
for _ in range(10_000_000):
    value = (value,)
repr(value)
print(value < value, hash(value))
