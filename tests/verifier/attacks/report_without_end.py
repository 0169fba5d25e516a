# mode: call
# allowed: RE WA
# tests: 2
"""Report the beginning of one result, and not even the end of its line."""

import os

os.write(3, b'{"wall": 0')
os._exit(0)
