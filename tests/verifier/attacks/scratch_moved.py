# mode: stdin
# allowed: WA
# tests: 2
# runs: 2
# tiers: namespaces landlock
"""Remove, rename and replace the scratch directory itself."""

import os

here = os.getcwd()
if os.listdir("."):
    print("BROKEN", os.listdir("."))
with open("note", "x") as file:
    file.write("mine")
os.unlink("note")
for action in (lambda: os.rmdir(here), lambda: os.rename(here, here + "-moved"), lambda: os.symlink("/", here)):
    try:
        action()
    except OSError:
        continue
    print("BROKEN", here)
print("held")
