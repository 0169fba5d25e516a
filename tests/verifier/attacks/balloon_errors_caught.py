# mode: stdin
# allowed: MLE
"""Take memory piece by piece, every error caught."""

held = []
while True:
    try:
        held.append(b"1" * (1 << 20))
    except BaseException:
        continue
