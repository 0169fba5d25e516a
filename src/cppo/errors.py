"""The error family. Every error says what was wrong, what was given, what is allowed and how to fix it.

Each class also subclasses the standard exception it specialises, so that callers who do not know this
package can still catch it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CppoError(Exception):
    """Base of every error raised on purpose by this package. `exit_code` is the command line's exit status."""

    exit_code = 1


class ConfigError(CppoError, ValueError):
    """A configuration key, value or combination that cannot be used."""

    exit_code = 2


class DataError(CppoError, ValueError):
    """A problem, program or record that cannot be read or does not fit the schema."""

    exit_code = 2


class PlanError(CppoError, ValueError):
    """A text that is not a strategy tuple; the message says why."""


class ModelError(CppoError, ValueError):
    """A model, tokenizer, adapter or checkpoint that cannot be used as asked."""

    exit_code = 2


class RunError(CppoError, RuntimeError):
    """A run directory that belongs to another configuration, is damaged or is in use."""

    exit_code = 2


class GateError(CppoError, RuntimeError):
    """A stage finished, but its acceptance gate says that going on would be wasted."""

    exit_code = 3


class VerifierError(CppoError, RuntimeError):
    """The verifier itself cannot run (not: a program failed)."""

    exit_code = 4


def nearest(name: object, allowed: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest of `allowed`, or an empty string. `name` may be no text at all."""
    matches = get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def choose(kind: str, name: str, allowed: Iterable[str]) -> str:
    """Return `name` if it is one of `allowed`; otherwise raise a `ConfigError` that names the nearest match."""
    options = sorted(allowed)
    if name not in options:
        raise ConfigError(f"unknown {kind} {name!r}{nearest(name, options)}; allowed: {', '.join(options)}")
    return name
