"""Program extraction: the last whole block, bare programs, and the LiveCodeBench rule."""

from __future__ import annotations

import re

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
    ("Here:\r\n```python\r\nprint(1)\r\n```\r\nDone.", "print(1)\r\n"),
    ("```python\npartial = \n\nAgain:\n```python\nprint(1)\n```\n", "print(1)\n"),
    ("print(1)\n```\nWait:\n```python\nprint(2)\n```\n", "print(2)\n"),
    ("  ```py\n  a = 1\n  ```  \n", "  a = 1\n"),
    ("````\na = 1\n````\n", ""),
    ("```\n```", ""),
    ("```\na = 1\n``` and so on\nb = 2\n```", "b = 2\n"),
    ("```\na = 1\n``` a `word`\nb = 2\n```", ""),
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


def blocks_by_line(completion: str) -> list[str]:
    """The same rule, told line by line."""
    found, body, is_open = [], "", False
    for line in completion.split("\n"):
        if is_open and re.fullmatch(r"[ \t]*```[ \t\r]*", line):
            found.append(body)
            is_open = False
        elif re.match(r"[ \t]*```", line):
            is_open, body = "`" not in line.lstrip(" \t")[3:], ""
        elif is_open:
            body += line + "\n"
    return found


PARTS = st.sampled_from(["```", "```python", "\n", "\n", " ", "\t", "\r\n", "x = 1", "`", "a ``` b", "\u2028", "\x0c"])


@given(st.lists(PARTS, max_size=14).map("".join))
def test_the_last_block_is_that_of_a_reading_line_by_line(completion: str) -> None:
    blocks = blocks_by_line(completion)
    if blocks:
        assert extract_program(completion) == blocks[-1]
    else:
        assert extract_program(completion) in ("", completion, completion.strip().partition("\n")[2])


@pytest.mark.parametrize(
    "part", ["```python\n", "```python\nx\n", "x\n", " " * 999 + "```\n", "```" + " " * 999 + "x\n", "```\r"]
)
def test_two_megabytes_are_read_in_no_time_to_speak_of(part: str) -> None:
    """Were any line read again for every other one, this would take hours."""
    completion = "```python\n" + part * (2_000_000 // len(part)) + "\n```python\nprint(1)\n```"
    assert extract_program(completion) == "print(1)\n"
    assert extract_program(completion, "lcb") == "print(1)"
    unfinished = completion.removesuffix("\n```")
    assert extract_program(unfinished, "last_block") != "print(1)\n"
