# mode: stdin
# allowed: TLE RE
# limits: wall_seconds=1
"""Stop, so that nothing is consumed and nothing ends."""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
