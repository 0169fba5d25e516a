# mode: stdin
# allowed: CE
# source: built
"""100,000 open parentheses."""

SOURCE = "(" * 100_000
