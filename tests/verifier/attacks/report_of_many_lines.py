# mode: call
# allowed: RE WA OLE
# limits: output_mb=16
# tests: 2
"""Report five million lines, each of which costs its reader many times its own size."""

import os

block = b"ab\n" * 300_000
for _ in range(18):
    os.write(3, block)
os._exit(0)
