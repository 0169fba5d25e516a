# mode: stdin
# allowed: CE
# source: built
"""100,000 parentheses, opened and closed."""

SOURCE = "x = " + "(" * 100_000 + ")" * 100_000
