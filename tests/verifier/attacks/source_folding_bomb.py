# mode: stdin
# allowed: MLE CE RE
# source: built
"""Constants that would fill the memory if the compiler computed them."""

SOURCE = "x = ('a' * 10**9) * 10**9\ny = (((0,) * 9999) * 9999) * 9999\nz = 1 << (1 << 60)"
