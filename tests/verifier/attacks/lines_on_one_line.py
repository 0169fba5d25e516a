# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Loop within one line: the clock remains."""


def f(facts):
    # fmt: off
    while True: pass  # noqa: E701
