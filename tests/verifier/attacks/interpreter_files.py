# mode: stdin
# allowed: WA
# tests: 2
# tiers: namespaces landlock
"""Leave something in the interpreter that later programs load: modules, caches, attributes."""

import importlib.util
import json
import os
import sys

facts = json.loads(input())
library = os.path.dirname(os.__file__)
cache = importlib.util.cache_from_source(os.path.join(library, "this.py"))
for directory in (library, os.path.dirname(cache), sys.prefix, os.path.join(library, "site-packages")):
    for name in (facts["mark"] + ".py", facts["mark"] + ".pth"):
        try:
            with open(os.path.join(directory, name), "x") as file:
                file.write("")
        except OSError:
            continue
        print("BROKEN", directory)
for path in (os.path.join(library, "this.py"), cache, sys.executable):
    for action in (
        lambda path=path: os.close(os.open(path, os.O_WRONLY)),
        lambda path=path: os.utime(path),
        lambda path=path: os.setxattr(path, "user.mark", b"1"),
        lambda path=path: os.chmod(path, os.stat(path).st_mode & 0o777),
    ):
        try:
            action()
        except OSError:
            continue
        print("BROKEN", path)
print("held")
