# mode: stdin
# allowed: RE
# limits: output_mb=4
"""Forge the reason of an error that is larger than what may be said of a test."""

import os

os.write(3, b'{"error": "' + "\u20ac".encode() * (1 << 20) + b'"}\n')
print("held")
