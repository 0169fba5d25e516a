"""From model text to program source: one extractor, two rules."""

from __future__ import annotations

import re
import warnings
from typing import Literal

Rule = Literal["last_block", "lcb"]

# No line inside a block begins with a fence, and nothing is tried twice: the time is linear in the text.
_BLOCK = re.compile(r"^[ \t]*+```[^\n`]*+\n((?:(?![ \t]*+```)[^\n]*+\n)*+)[ \t]*+```[ \t\r]*+$", re.MULTILINE)


def extract_program(completion: str, rule: Rule = "last_block") -> str:
    """Return the program in a completion, or "" when there is none (verdict EMPTY).

    `last_block`: the last complete fenced block, else the whole text if it compiles; a fence line that opens another
    block before the closing one leaves the first incomplete. `lcb` (LiveCodeBench): the text between the last two
    lines that contain three back-ticks, else "".
    """
    return _last_fences(completion) if rule == "lcb" else _last_block(completion)


def _last_block(completion: str) -> str:
    blocks = _BLOCK.findall(completion)
    if blocks:
        return str(blocks[-1])
    text = completion.strip()
    # A prompt may have opened the fence on the model's behalf, and a stop string may have eaten the closing one.
    if text.startswith("```") and text.count("```") == 1:
        return text.partition("\n")[2]
    return completion if text and _compiles(text) else ""


def _last_fences(completion: str) -> str:
    lines = completion.split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    return "\n".join(lines[fences[-2] + 1 : fences[-1]]) if len(fences) >= 2 else ""


def _compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's odd literals are its own affair
            compile(text, "<completion>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True
