# mode: stdin
# allowed: CE RE WA
# source: built
"""Functions nested 50,000 deep on one line."""

SOURCE = "x = " + "lambda: " * 50_000 + "0"
