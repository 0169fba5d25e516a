# mode: stdin
# allowed: MLE
"""Take 3 GB in one object and touch all of it."""

held = bytearray(3 << 30)
held[:: 1 << 12] = b"1" * len(held[:: 1 << 12])
print("BROKEN")
