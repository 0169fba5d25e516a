# mode: stdin
# allowed: WA
"""Leave stopped processes behind, which no signal but one wakes."""

import os
import signal

for _ in range(3):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
print("held")
