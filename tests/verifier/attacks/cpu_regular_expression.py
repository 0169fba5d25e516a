# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Match a pattern that takes exponential time."""

import re

re.match("(a*)*b", "a" * 64)
