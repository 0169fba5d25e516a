# mode: call
# allowed: TLE RE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Execute the lines in children, each with a counter of its own: the clock remains."""

import os


def f(facts):
    while True:
        if os.fork() == 0:
            for _ in range(100):
                facts = 1
            os._exit(0)
        os.wait()
