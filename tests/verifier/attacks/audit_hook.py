# mode: call
# allowed: WA RE
"""Watch what the process does after the function has returned, from an audit hook that cannot be removed."""

import os
import sys


def hook(event, arguments):
    for argument in arguments:
        if isinstance(argument, (str, bytes)) and "expected" in repr(argument):
            os.write(3, b'{"wall": 0, "cpu": 0, "value": "BROKEN"}\n')


sys.addaudithook(hook)


def f(facts):
    return "held"
