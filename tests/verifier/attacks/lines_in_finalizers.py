# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=2 wall_seconds=4
# detail: executed lines
"""Execute the lines in finalizers and callbacks of weak references."""


class Again:
    def __del__(self):
        total = 0
        for number in range(50):
            total += number
        Again()


def f(facts):
    Again()
    while True:
        Again()
