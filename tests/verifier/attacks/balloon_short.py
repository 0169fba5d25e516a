# mode: stdin
# allowed: MLE
"""Take much memory for an instant and give it back, between two looks of the verifier."""

import mmap

memory = mmap.mmap(-1, 512 << 20)
for page in range(0, 512 << 20, 1 << 16):
    memory[page] = 1
for page in range(0, 200 << 20, 4096):
    memory[page] = 1
memory.close()
print("held")
