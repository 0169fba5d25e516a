# mode: stdin
# allowed: WA
# expected: 7
"""Print a number of 900,000 digits where a number is expected, for the checker to parse."""

import sys

sys.stdout.write("7" * 900_000 + ".0")
