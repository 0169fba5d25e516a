# mode: stdin
# allowed: CE
# source: built
"""Blocks nested 5,000 deep."""

SOURCE = "\n".join(" " * depth + "if 1:" for depth in range(5000)) + "\n" + " " * 5000 + "pass"
