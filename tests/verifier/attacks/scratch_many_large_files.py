# mode: stdin
# allowed: WA MLE OLE RE
# tiers: namespaces
# limits: output_mb=64
"""Fill the disk with many files that are each within the limit. On a disk the sum is watched: a moment late."""

written = 0
block = b"1" * (1 << 20)
try:
    for number in range(32):
        with open(str(number), "wb", buffering=0) as file:
            for _ in range(60):
                written += file.write(block)
except OSError:
    pass
print("BROKEN" if written > 512 << 20 else "held", written)
