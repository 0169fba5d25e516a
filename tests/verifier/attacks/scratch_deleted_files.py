# mode: stdin
# allowed: OLE
# tiers: landlock rlimits
# users: watched
# limits: output_mb=32
"""Fill the disk with files that have no name any more."""

import os
import time

block = b"x" * (1 << 20)
kept = []
for number in range(60):
    descriptor = os.open(f"{number}", os.O_CREAT | os.O_WRONLY, 0o600)
    os.unlink(f"{number}")
    for _ in range(10):
        os.write(descriptor, block)
    kept.append(descriptor)
    time.sleep(0.01)
time.sleep(0.3)
print("BROKEN")
