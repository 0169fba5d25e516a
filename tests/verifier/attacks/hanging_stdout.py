# mode: stdin
# allowed: TLE WA RE
# limits: wall_seconds=0.4
"""Hang when the verifier flushes standard output, which the program has replaced."""

import sys
import time


class Stream:
    def flush(self):
        time.sleep(99)


sys.stdout = sys.stderr = Stream()
