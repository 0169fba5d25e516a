# mode: stdin
# allowed: WA OLE
# tests: 2
# runs: 2
"""Take every permission from the scratch directory itself, so that later tests cannot use it."""

import os

try:
    with open("note", "x") as file:
        file.write("mine")
except OSError as error:
    print("BROKEN", error)
os.mkdir("inner", 0)
for name in ("note", "."):
    try:
        os.chmod(name, 0)
        os.setxattr(name, "user.mark", b"1")
    except OSError:
        continue
print("held")
