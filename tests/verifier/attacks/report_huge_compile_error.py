# mode: stdin
# allowed: CE
# limits: output_mb=4
"""Claim not to compile, for a reason that is larger than what may be said of a test."""

import os

os.write(3, b'{"stop": "compile", "error": "' + b"x" * (2 << 20) + b'"}\n')
print("held")
