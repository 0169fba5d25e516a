"""Program extraction: the last whole block, bare programs, and the LiveCodeBench rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.text.program import extract_program

LAST_BLOCK = [
    ("Here:\n```python\nprint(1)\n```\nDone.", "print(1)\n"),
    ("```\na = 1\n```\nbetter:\n```py\na = 2\n```", "a = 2\n"),
    ("```python\nfirst = 1\n```\nand\n```python\nunfinished = ", "first = 1\n"),
    ("print('no fence')", "print('no fence')"),
    ("I would use a heap.", ""),
    ("", ""),
    ("   \n", ""),
    ("x = (", ""),
    ("null\0byte", ""),
]


@pytest.mark.parametrize(("completion", "program"), LAST_BLOCK)
def test_last_complete_block_else_a_text_that_compiles(completion: str, program: str) -> None:
    assert extract_program(completion) == program


LCB = [
    ("text\n```python\nprint(1)\n```\nmore", "print(1)"),
    ("```python\na\n```\n```python\nb\n```", "b"),
    ("```python\na\n```\nprose\n```", "prose"),  # the last two fences, whatever they enclose
    ("inline ``` fence\ncode\n  ```", "code"),
    ("```python\nprint(1)", ""),
    ("print(1)", ""),
]


@pytest.mark.parametrize(("completion", "program"), LCB)
def test_lcb_takes_what_lies_between_the_last_two_fences(completion: str, program: str) -> None:
    assert extract_program(completion, "lcb") == program


LINES = st.lists(st.text(alphabet="ab =()1", max_size=8), min_size=1, max_size=5)


@given(LINES, st.text(alphabet="xyz \n", max_size=20))
def test_both_rules_return_the_one_block_of_a_completion(lines: list[str], prose: str) -> None:
    body = "\n".join(lines)
    completion = f"{prose}\n```python\n{body}\n```\n{prose}"
    assert extract_program(completion) == body + "\n"
    assert extract_program(completion, "lcb") == body
