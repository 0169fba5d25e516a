# mode: call
# allowed: WA RE
"""Report a cost that no float can hold, and one that is negative."""

import os

os.write(3, b'{"wall": -5, "cpu": "\\u0000' + b"f" * 400 + b'", "value": 1}\n')
os._exit(0)
