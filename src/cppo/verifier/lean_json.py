"""JSON by the interpreter's compiled reader and writer alone. Standard library only.

The `json` module would bring regular expressions and enumerations into the worker, whose every page makes each fork
dearer. Where an interpreter has no compiled reader and writer, `json` itself serves.
"""

from __future__ import annotations

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Callable, Iterable
    from typing import Any

WHITESPACE = " \t\n\r"


def make_reader(
    parse_int: Callable[[str], Any] = int,
    parse_float: Callable[[str], Any] = float,
    parse_constant: Callable[[str], Any] = float,
) -> Callable[[str], Any]:
    """Return a function from JSON text to its value; it raises `ValueError`, and `RecursionError` when too deep."""

    class Options:
        """What the compiled reader asks of a decoder."""

        strict = True
        object_hook = None
        object_pairs_hook = None
        memo: dict[str, str] = {}

    options: Any = Options()
    options.parse_int, options.parse_float, options.parse_constant = parse_int, parse_float, parse_constant
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.JSONDecoder(parse_int=parse_int, parse_float=parse_float, parse_constant=parse_constant).decode
    scan = make_scanner(options)

    def read(text: str) -> Any:
        start = len(text) - len(text.lstrip(WHITESPACE))
        try:
            value, end = scan(text, start)
        except StopIteration as stop:
            raise ValueError(f"no JSON value at character {stop.value}") from None
        if text[end:].strip(WHITESPACE):
            raise ValueError(f"more text after the JSON value, at character {end}")
        return value

    return read


def make_writer() -> Callable[[Any], str]:
    """Return a function from a value to JSON text in ASCII; it raises `ValueError` for what JSON cannot hold.

    The compiled writer is called itself, so that a program cannot put another in its place through `json`.
    """

    def refuse(value: Any) -> Any:
        raise ValueError(f"a value is of type {type(value).__name__!r}")

    try:
        from _json import encode_basestring_ascii, make_encoder
    except ImportError:
        import json

        return json.JSONEncoder(allow_nan=False, check_circular=False, default=refuse).encode
    chunks: Callable[[Any, int], Iterable[str]] = make_encoder(
        None, refuse, encode_basestring_ascii, None, ": ", ", ", False, False, False
    )
    join = "".join
    return lambda value: join(chunks(value, 0))


loads = make_reader()
dumps = make_writer()
