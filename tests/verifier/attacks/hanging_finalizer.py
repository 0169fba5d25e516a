# mode: stdin
# allowed: TLE WA
# limits: wall_seconds=0.4
"""Hang after the end, in the finalizer of an object of the module."""

import time


class Hang:
    def __del__(self):
        time.sleep(99)


hang = Hang()
print("held")
