# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Catch everything that could end the program."""

while True:
    try:
        while True:
            len("")
    except BaseException:
        continue
