# mode: call
# allowed: WA RE
"""Let a thread swap the elements of the returned list while it is checked and written."""

import threading


class Lie(int):
    def __repr__(self):
        return '"BROKEN"'


def f(facts):
    value = [0] * 1000

    def swap():
        while True:
            value[:] = [Lie(1), object(), [value]] * 300
            value[:] = [0] * 1000

    threading.Thread(target=swap, daemon=True).start()
    return value
