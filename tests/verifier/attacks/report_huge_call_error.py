# mode: call
# allowed: RE CE
# limits: output_mb=4
"""Forge both reasons in the process that several tests share."""

import os


def f(facts):
    os.write(3, b'{"stop": "compile", "error": "' + b"x" * (2 << 20) + b'"}\n')
    os.write(3, b'{"error": "' + b"x" * (1 << 20) + b'"}\n')
    os._exit(1)
