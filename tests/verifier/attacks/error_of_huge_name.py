# mode: stdin
# allowed: RE
# limits: output_mb=4
"""Raise an error whose class has a name of two million characters."""

raise type("x" * (2 << 20), (Exception,), {})("said")
