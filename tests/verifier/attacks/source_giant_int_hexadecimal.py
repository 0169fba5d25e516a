# mode: stdin
# allowed: WA CE TLE
# source: built
# limits: wall_seconds=2
"""A number of a million hexadecimal digits, which is read in linear time but not printed."""

SOURCE = "x = 0x" + "7" * 1_000_000 + "\nprint('held')"
