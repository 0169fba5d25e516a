# mode: call
# allowed: WA RE
"""Report costs below zero: a program cannot have run faster than not at all."""

import os

os.write(3, b'{"wall": -1e300, "cpu": -5, "value": 1}\n')
os._exit(0)
