# mode: stdin
# allowed: CE RE WA MLE
# source: built
"""A sum of 300,000 terms: the syntax tree is as deep as the sum is long."""

SOURCE = "print(0 if " + "+".join(["1"] * 300_000) + " else 0)"
