# mode: stdin
# allowed: WA
# tests: 2
# runs: 2
"""Leave notes in the places that a program is given to write, and look for those of another test."""

import os
import tempfile

places = {os.path.realpath(place) for place in (os.getcwd(), tempfile.gettempdir(), os.environ.get("TMPDIR", "."))}
notes = [os.path.join(place, name) for place in places for name in ("note", ".note")]
found = [note for note in notes if os.path.lexists(note)]
for note in notes:
    with open(note, "w") as file:
        file.write("left")
print("BROKEN" if found else "held", found)
