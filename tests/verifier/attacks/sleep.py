# mode: stdin
# allowed: TLE
# limits: wall_seconds=0.4
"""Wait without using the processor."""

import time

time.sleep(99)
