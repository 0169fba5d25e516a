# mode: stdin
# allowed: WA
"""Print, go back and print again: what counts is what is there at the end."""

import os

os.write(1, b"x" * 1000)
os.lseek(1, 0, os.SEEK_SET)
os.ftruncate(1, 0)
os.write(1, b"held")
