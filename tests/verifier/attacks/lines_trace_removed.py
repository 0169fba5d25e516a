# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=2 wall_seconds=4
# detail: executed lines
"""Remove the counter of lines by the functions made for it."""

import sys
import threading

sys.settrace(None)
threading.settrace(None)
sys.setprofile(None)


def f(facts):
    sys.settrace(lambda *arguments: None)
    while True:
        facts = 1
