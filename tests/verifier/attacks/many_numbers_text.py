# mode: stdin
# allowed: WA
# expected: 7
"""Print as many tokens as fit, for the checker to split and compare."""

import sys

sys.stdout.write("7 " * 500_000)
