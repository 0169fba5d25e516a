"""Runs programs on tests and says which pass; see `cppo.verifier.pool` for what the jail covers."""

from cppo.verifier.checkers import CHECKERS, Checker, default_checker, find_checker
from cppo.verifier.pool import Verifier
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict

__all__ = [
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
