# mode: stdin
# allowed: WA
"""Print bytes that are no text in any way."""

import os

os.write(1, bytes(range(256)) * 100)
os.write(2, bytes(range(256)) * 100)
