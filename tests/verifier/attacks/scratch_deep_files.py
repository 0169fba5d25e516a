# mode: stdin
# allowed: OLE
# tiers: landlock rlimits
# limits: output_mb=32
"""Fill the disk with files so deep that no path reaches them."""

import os
import time

block = b"x" * (1 << 20)
for _ in range(18):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
for number in range(60):
    descriptor = os.open(f"{number}", os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(10):
        os.write(descriptor, block)
    os.close(descriptor)
    time.sleep(0.01)
time.sleep(0.3)
print("BROKEN")
