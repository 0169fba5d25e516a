"""Programs that want to pass without solving: forged results, lying objects, a look around for the answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cppo.problems import Limits, Problem, TestCase
from cppo.verifier import ProgramVerdict, Verdict, Verifier, VerifierConfig

LIMITS = Limits(cpu_seconds=1, wall_seconds=1, memory_mb=64, output_mb=1)
GOOD = "def f(x):\n    return x + 1"


@pytest.fixture(scope="module", params=[True, False], ids=["apart", "together"])
def verifier(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    with Verifier(VerifierConfig(isolate_tests=request.param)) as shared:
        yield shared


def call(program: str, verifier: Verifier) -> ProgramVerdict:
    cases = [TestCase([41], 42), TestCase([42], 43)]
    problem = Problem("call", "", cases, mode="call", entry_point="f", limits=LIMITS)
    return verifier.verify([(problem, program)])[0]


ATTACKS = {
    "exit before the answer": """
import os
def f(x):
    os._exit(0)
""",
    "equal to everything": """
class Equal:
    __hash__ = None
    def __eq__(self, other):
        return True
def f(x):
    return Equal()
""",
    "a lying int": """
class Int(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
def f(x):
    return Int(0)
""",
    "a lying list": """
class List(list):
    __eq__ = lambda self, other: True
def f(x):
    return List()
""",
    "a forged report": """
import os
for descriptor in range(3, 9):
    try:
        os.write(descriptor, b'{"wall": 0, "cpu": 0, "value": 1}\\n' * 9)
    except OSError:
        pass
def f(x):
    return 0
""",
    "a garbled report": """
import os
os.write(3, bytes([255, 0, 91]) * 99)
os._exit(0)
""",
    "an emptied report": """
import os
try:
    os.ftruncate(3, 0)
except OSError:
    pass
os._exit(0)
""",
    "a report that blames the verifier": """
import os
os.write(3, b'{"stop": "infra"}\\n' * 9)
os._exit(1)
""",
    "patched encoders": """
import json, json.encoder
json.dumps = json.JSONEncoder.encode = json.encoder.c_make_encoder = lambda *a, **k: '42'
def f(x):
    return 0
""",
    "patched builtins": """
import builtins
builtins.type = lambda *a: int
builtins.isinstance = lambda *a: True
def f(x):
    return object()
""",
    "a search of the frames": """
import sys
def f(x):
    frame, found = sys._getframe(), []
    while frame:
        found += [value for value in frame.f_locals.values() if value in (42, 43)]
        frame = frame.f_back
    return next(value for value in found if value != x)
""",
    "a search of the heap": """
import gc
def f(x):
    return [o for o in gc.get_objects() if 'expected' in repr(o)[:80]][0]['expected']
""",
    "the verifier's own modules": """
import sys
def f(x):
    return sys.modules[[name for name in sys.modules if 'cppo' in name][0]].expected
""",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_way_around_the_answer(verifier: Verifier, name: str) -> None:
    got = call(ATTACKS[name], verifier)
    assert got.verdict in (Verdict.WA, Verdict.RE), got
    assert call(GOOD, verifier).passed


def test_a_reported_value_is_a_value_and_nothing_more(verifier: Verifier) -> None:
    """Whoever writes the right value to the report has computed it: that is the same as returning it."""
    program = 'import os\ndef f(x):\n    os.write(3, b\'{"wall": 0, "cpu": 0, "value": 41}\\n\')\n    return x + 1'
    assert call(program, verifier).verdict is Verdict.WA


def test_state_kept_in_the_module_is_gone_in_the_next_test(verifier: Verifier) -> None:
    assert call("calls = []\ndef f(x):\n    calls.append(x)\n    return x + len(calls)", verifier).passed


def test_state_kept_outside_the_module_is_gone_when_tests_are_isolated(verifier: Verifier) -> None:
    program = "import math\ndef f(x):\n    math.calls = getattr(math, 'calls', 0) + 1\n    return x + math.calls"
    assert call(program, verifier).passed is verifier.config.isolate_tests
