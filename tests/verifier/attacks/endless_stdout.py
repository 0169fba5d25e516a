# mode: stdin
# allowed: OLE
"""Print without end."""

while True:
    print("42" * 999)
