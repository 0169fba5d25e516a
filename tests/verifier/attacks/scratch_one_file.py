# mode: stdin
# allowed: OLE
"""Fill the disk with one file."""

with open("file", "wb") as file:
    while True:
        file.write(b"1" * (1 << 16))
