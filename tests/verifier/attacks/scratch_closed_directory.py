# mode: stdin
# allowed: OLE
# tiers: landlock rlimits
# limits: output_mb=32
"""Fill the disk with files in a directory that nobody may list."""

import os
import time

block = b"x" * (1 << 20)
os.mkdir("closed", 0o300)
os.chdir("closed")
for number in range(60):
    descriptor = os.open(f"{number}", os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(10):
        os.write(descriptor, block)
    os.close(descriptor)
    time.sleep(0.01)
time.sleep(0.3)
print("BROKEN")
