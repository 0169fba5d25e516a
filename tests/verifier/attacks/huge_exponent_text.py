# mode: stdin
# allowed: WA
# expected: 7 8 9
"""Print numbers whose exponents are huge where numbers are expected, for the checker to compute with."""

import sys

sys.stdout.write("1e999999999 -1e-999999999 " + "9" * 4000 + "e" + "9" * 400)
