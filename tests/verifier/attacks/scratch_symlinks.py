# mode: stdin
# allowed: WA
# tests: 2
# tiers: namespaces landlock
"""Leave links to files outside in scratch: whoever cleans up must not follow them, and they open nothing."""

import json
import os

facts = json.loads(input())
targets = (facts["directory"], facts["victim"], facts["secret_file"], "/", "/proc/1/root", "/proc/self/cwd", "..")
for index, target in enumerate(targets):
    os.mkdir(f"d{index}")
    for name in (f"link{index}", f"d{index}/link"):
        os.symlink(target, name)
        for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND):
            try:
                descriptor = os.open(name, flags)
            except OSError:
                continue
            if target in (facts["victim"], facts["secret_file"]):
                print("BROKEN", target)
            os.close(descriptor)
    try:
        os.chmod(f"d{index}", 0)
    except OSError:
        continue
print("held")
