# mode: stdin
# allowed: TLE RE WA
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Start the interpreter anew, in which nobody counts: the clock remains."""

import os
import sys

os.execv(sys.executable, [sys.executable, "-S", "-c", "while True:\n    x = 1\n"])
