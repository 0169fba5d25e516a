"""Runs programs on tests and says which pass; see `cppo.verifier.pool` for what the jail covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cppo.verifier.checkers import CHECKERS, Checker, default_checker, find_checker
from cppo.verifier.pool import Verifier
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict

if TYPE_CHECKING:
    from cppo.verifier.async_pool import AsyncVerifier

__all__ = [
    "AsyncVerifier",
    "CHECKERS",
    "Checker",
    "ProgramVerdict",
    "TestResult",
    "Verdict",
    "Verifier",
    "VerifierConfig",
    "default_checker",
    "find_checker",
]


def __getattr__(name: str) -> Any:
    """Load what most programs do not need when it is first asked for: `asyncio` takes longer than all else here."""
    if name == "AsyncVerifier":
        from cppo.verifier.async_pool import AsyncVerifier

        return AsyncVerifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
