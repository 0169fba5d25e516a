# mode: stdin
# allowed: WA
# tests: 2
"""Leave notes in standard input and error for the next test to read."""

import os

print("BROKEN" if b"scribble" in os.pread(0, 1 << 20, 0) else "held")
for descriptor in (0, 2, 3):
    try:
        os.pwrite(descriptor, b"scribble" * 2000, 0)
    except OSError:
        continue
