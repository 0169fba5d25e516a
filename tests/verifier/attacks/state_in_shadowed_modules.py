# mode: stdin
# allowed: WA
# tests: 2
# runs: 2
"""Put modules with the names of the standard library's into scratch, where the verifier's code might import them."""

import os

names = ("heapq", "numpy", "sortedcontainers", "decimal", "encodings", "json", "sitecustomize", "usercustomize")
print("BROKEN" if os.listdir(".") else "held")
for name in names:
    with open(f"{name}.py", "w") as file:
        file.write("import os\nos.write(1, b'BROKEN')\nos._exit(0)\n")
