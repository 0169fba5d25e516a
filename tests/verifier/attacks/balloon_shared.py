# mode: stdin
# allowed: MLE RE TLE
# limits: wall_seconds=3
"""Take memory that is shared between processes, each of which touches its own part."""

import mmap
import os
import time

part, children = 40 << 20, 10
memory = mmap.mmap(-1, part * children)
reader, writer = os.pipe()
for child in range(children):
    if os.fork() == 0:
        for page in range(child * part, (child + 1) * part, 4096):
            memory[page] = 1
        os.write(writer, b"x")
        time.sleep(99)
os.close(writer)
print("BROKEN" if all(os.read(reader, 1) for _ in range(children)) else "held")
