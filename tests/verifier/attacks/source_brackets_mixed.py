# mode: stdin
# allowed: CE
# source: built
"""Brackets of all kinds nested in each other, within calls and subscripts."""

SOURCE = "x = " + "f([{0:" * 30_000 + "0" + "}])" * 30_000
