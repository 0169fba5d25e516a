# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Compute without end."""

while True:
    pass
