# mode: stdin
# allowed: CE RE
# source: built
"""F-strings nested in f-strings, in widths and in expressions."""

SOURCE = "x = f'{0:" + "{0:" * 5000 + "}" * 5000 + "}'\ny = f'" + "{f" * 100 + "''" + "}" * 100 + "'"
