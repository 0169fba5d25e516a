# mode: stdin
# allowed: CE RE
# source: built
"""A chain of 200,000 attributes: the compiler recurses, in C."""

SOURCE = "x" + ".a" * 200_000
