# mode: stdin
# allowed: WA RE
"""Seal standard input and output, through new descriptions of the same memory files."""

import fcntl
import os
import sys

for descriptor in (0, 1, 3):
    for name in (f"/proc/self/fd/{descriptor}", f"/dev/fd/{descriptor}"):
        try:
            again = os.open(name, os.O_RDWR)
            os.ftruncate(again, 3)
            fcntl.fcntl(again, 1033, 15)
        except OSError:
            continue
sys.stdout.write("held")
