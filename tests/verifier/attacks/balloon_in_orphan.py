# mode: stdin
# allowed: MLE RE TLE
# limits: wall_seconds=3
"""Take memory in a process that the verifier did not start and the program does not wait for."""

import os
import time

reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        held = b"1" * (400 << 20)
        os.write(writer, b"x")
        time.sleep(99)
    os._exit(0)
os.close(writer)
os.wait()
print("BROKEN" if os.read(reader, 1) else "held")
