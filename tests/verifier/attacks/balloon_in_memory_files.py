# mode: stdin
# tiers: namespaces landlock
# allowed: MLE RE TLE OLE WA
# limits: wall_seconds=3 output_mb=16
"""Take memory in files that live in memory and are never mapped: no process seems to hold it."""

import os

held = 0
block = b"1" * (1 << 20)
try:
    for _ in range(60):
        descriptor = os.memfd_create("balloon")
        for _ in range(15):
            held += os.write(descriptor, block)
except OSError:
    pass
print("BROKEN" if held > 600 << 20 else "held", held)
