# mode: stdin
# allowed: WA CE MLE TLE
# source: built
# limits: wall_seconds=4
"""10 MB of source, most of it one comment."""

SOURCE = "print('held')\n#" + "x" * (10 << 20)
