# mode: stdin
# allowed: RE MLE OLE TLE
"""Raise an error with a message of 30 million characters and a chain of a thousand causes."""

error = ValueError("x" * 30_000_000)
for _ in range(1000):
    next_error = ValueError("y")
    next_error.__cause__ = error
    error = next_error
raise ValueError("\x1b[31m" + "z" * 30_000_000) from error
