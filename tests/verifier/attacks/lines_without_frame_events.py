# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Switch off the events of a frame: the clock remains."""

import sys


def f(facts):
    sys._getframe().f_trace_lines = False
    sys._getframe().f_trace = None
    while True:
        facts = 1
