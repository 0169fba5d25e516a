"""Plain JSON values between the verifier and a program, of exactly the JSON types. Standard library only.

Only `None`, `bool`, `int`, `float`, `str`, `list`, `tuple` (becomes a list) and `dict` with text keys pass, by exact
type: an object that lies about its equality never reaches the comparison. Integers may have any size: beyond 4,000
digits they travel in hexadecimal, whose conversion is linear. Infinities and NaN do not pass.
"""

from __future__ import annotations

import math

from cppo.verifier.lean_json import make_reader, make_writer

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from typing import Any

MAX_DEPTH = 200
"""Deeper values are refused: cyclic ones would not end, and readers recurse."""

_BIG_BITS = 13_000
_ESCAPE = "\0"
_SCALARS = frozenset({type(None), bool})


def encode(value: Any) -> bytes:
    """Return `value` as strict JSON; raises `ValueError` that names what is not a plain value."""
    return _write(_plain(value, 0)).encode("ascii")


def decode(data: bytes) -> Any:
    """Return the value of `encode`d bytes; raises `ValueError` when they are anything else."""
    try:
        value = _read(data.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return _restore(value) if b'"\\u0000' in data else value


def _check_depth(value: Any) -> None:
    """Refuse what `encode` would not have written, whoever wrote it: readers recurse."""
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (list, dict))]:
        if depth > MAX_DEPTH:  # one level more than `encode` permits: an answer lies in a record
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        depth += 1
        level = [item for part in level for item in (part.values() if isinstance(part, dict) else part)]


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _ESCAPE + value if value[:1] == _ESCAPE else value
    if kind is int:
        return value if value.bit_length() < _BIG_BITS else f"{_ESCAPE}{value:x}"
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"a value is {value}, which JSON cannot hold")
        return value
    if kind in _SCALARS:
        return value
    if depth >= MAX_DEPTH:
        raise ValueError(f"the value is cyclic or nested deeper than {MAX_DEPTH}")
    if kind is list or kind is tuple:
        if set(map(type, value)) == {int} and max(-min(value), max(value)).bit_length() < _BIG_BITS:
            return value  # the common long list, checked without a Python loop
        return [_plain(item, depth + 1) for item in value]
    if kind is dict:
        return _plain_dict(value, depth)
    raise ValueError(f"a value is of type {kind.__name__!r}; allowed: None, bool, int, float, str, list, tuple, dict")


def _plain_dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    plain = {}
    for key, item in value.items():
        if type(key) is not str:
            raise ValueError(f"a dictionary key is of type {type(key).__name__!r}; allowed: str")
        plain[_plain(key, depth)] = _plain(item, depth + 1)
    return plain


def _restore(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == _ESCAPE:
        return value[1:] if value[1:2] == _ESCAPE else int(value[1:], 16)
    if isinstance(value, list):
        return [_restore(item) for item in value]
    if isinstance(value, dict):
        return {_restore_key(key): _restore(item) for key, item in value.items()}
    return value


def _restore_key(key: str) -> str:
    if key[:1] == _ESCAPE and key[1:2] != _ESCAPE:
        raise ValueError("a dictionary key is an integer; allowed: text")
    return key[1:] if key[:1] == _ESCAPE else key


def _small_int(digits: str) -> int:
    if len(digits) > 4000:
        raise ValueError("an integer of more than 4,000 decimal digits must be sent in hexadecimal")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is not a finite number")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_write = make_writer()
_read = make_reader(parse_int=_small_int, parse_float=_finite_float, parse_constant=_no_constant)
