# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=2 wall_seconds=4
# detail: executed lines
"""Execute the lines in threads, started in every way."""

import _thread
import threading


def spin(value):
    while True:
        value += 1


def f(facts):
    thread = threading.Thread(target=spin, args=(1,))
    _thread.start_new_thread(spin, (1,))
    thread.start()
    thread.join()
