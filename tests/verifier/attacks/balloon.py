# mode: stdin
# allowed: MLE
"""Take memory piece by piece."""

held = []
while True:
    held.append(b"1" * (1 << 20))
