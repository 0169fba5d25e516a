# mode: stdin
# allowed: RE TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Raise the limit on processor time and use it."""

import resource

try:
    resource.setrlimit(resource.RLIMIT_CPU, (99, 99))
except ValueError:
    resource.setrlimit(resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU)[::-1])
while True:
    pass
