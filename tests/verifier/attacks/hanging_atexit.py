# mode: stdin
# allowed: TLE
# limits: wall_seconds=0.4
"""Hang after the end, in a callback of the exit."""

import atexit
import time

atexit.register(time.sleep, 99)
print("held")
