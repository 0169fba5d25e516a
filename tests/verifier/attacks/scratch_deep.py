# mode: stdin
# allowed: WA TLE OLE
# runs: 2
"""Nest directories so deep that no path reaches the innermost."""

import os

for _ in range(1000):
    os.mkdir("d" * 99)
    os.chdir("d" * 99)
print("held")
