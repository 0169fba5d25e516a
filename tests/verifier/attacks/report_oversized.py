# mode: call
# allowed: OLE
"""Flood the report until writing fails."""

import os

block = b'{"wall": 0, "cpu": 0, "value": 1}' * 1000
while True:
    os.write(3, block)
