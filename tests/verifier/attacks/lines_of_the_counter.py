# mode: call
# allowed: TLE RE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Find the counter among the frames' trace functions and give it more lines: the clock remains."""

import sys


def f(facts):
    counter = sys._getframe().f_trace
    for cell in counter.__closure__ or ():
        if isinstance(cell.cell_contents, int):
            cell.cell_contents = 1 << 60
    while True:
        facts = 1
