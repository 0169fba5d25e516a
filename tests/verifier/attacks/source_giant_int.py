# mode: stdin
# allowed: CE
# source: built
"""A number of a million digits."""

SOURCE = "print(" + "7" * 1_000_000 + ")"
