# mode: stdin
# allowed: CE RE
# source: built
"""A million signs in front of a number: the compiler recurses, in C."""

SOURCE = "-" * 1_000_000 + "1"
