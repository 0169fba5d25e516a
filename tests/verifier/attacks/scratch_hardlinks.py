# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Link files of others into scratch, so that cleaning up changes them."""

import json
import os
import sys

facts = json.loads(input())
for index, target in enumerate(
    (facts["victim"], facts["secret_file"], facts["problem_file"], os.__file__, sys.executable)
):
    try:
        os.link(target, f"link{index}")
    except OSError:
        continue
    print("BROKEN", target)
    os.chmod(f"link{index}", 0o777)
print("held")
