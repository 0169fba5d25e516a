# mode: stdin
# allowed: TLE
# detail: CPU time
# limits: cpu_seconds=1 wall_seconds=15
"""Let children do the computing one after the other, and the kernel forget what each of them took."""

import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
children = 9
for _ in range(children):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        while time.process_time() < 0.25:
            pass
        os._exit(0)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
print("BROKEN", children * 0.25, "s of processor time")
