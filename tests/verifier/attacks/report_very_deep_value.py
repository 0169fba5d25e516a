# mode: call
# allowed: WA RE
"""Report a value nested 100,000 deep."""

import os

os.write(3, b'{"wall": 0, "cpu": 0, "value": ' + b"[" * 100_000 + b"\n")
os._exit(0)
