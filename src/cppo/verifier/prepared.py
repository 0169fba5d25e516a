"""Problems checked and encoded once for all their programs, and the names under which verdicts are kept."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cppo.errors import DataError
from cppo.problems import Problem
from cppo.verifier import values
from cppo.verifier.checkers import Checker, default_checker, find_checker
from cppo.verifier.settings import VerifierConfig

INPUT_BYTES = 1 << 30
"""The largest input of one test."""


@dataclass(frozen=True, eq=False)
class PreparedProblem:
    """A problem as the engine needs it. `expected` never enters the jail of a judged program.

    `checker_source` is the problem's own checker program, empty when `checker` decides. `key` is a SHA-256 over all
    that a verdict depends on but the program and the tier of the jail, which only workers know: equal keys in equal
    tiers, equal verdicts.
    """

    mode: str
    entry_point: str | None
    limits: dict[str, Any]
    preamble: bool
    isolate: bool
    checker: Checker
    checker_source: bytes
    inputs: list[bytes]
    expected: list[Any]
    key: bytes

    @classmethod
    def of(cls, problem: Problem, config: VerifierConfig) -> PreparedProblem:
        """Prepare `problem`; raises `DataError` that names the problem and the test."""
        if not problem.tests:
            raise DataError(f"problem {problem.id!r} has no tests, so that every program would pass; leave it out")
        name = default_checker(problem)
        try:
            checker = find_checker(name)
        except DataError as error:
            raise DataError(f"problem {problem.id!r}: {error}") from None
        checker_source = problem.checker_program.encode("utf-8", "surrogatepass")
        limits = config.limits_for(problem.limits)
        decides = [
            harness_version(),
            installed_packages(),
            problem.mode,
            problem.entry_point,
            limits,
            name,
            config.isolate_tests,
        ]
        decides.append(config.recheck_timeouts)
        whole = hashlib.sha256(json.dumps(decides, sort_keys=True).encode("ascii"))
        _add(whole, checker_source)
        inputs, expected = [], []
        for index, test in enumerate(problem.tests):
            try:
                data, answer, answer_data = _encoded(problem.mode, test.input, test.output)
            except ValueError as error:
                raise DataError(f"problem {problem.id!r}, test {index}: {error}") from None
            if len(data) > INPUT_BYTES:
                raise DataError(
                    f"problem {problem.id!r}, test {index}: the input has {len(data) >> 20} MiB; allowed: at most "
                    f"{INPUT_BYTES >> 20}; leave the test out"
                )
            inputs.append(data)
            expected.append(answer)
            _add(whole, data)
            _add(whole, answer_data)
        return cls(
            mode=problem.mode,
            entry_point=problem.entry_point,
            limits=limits,
            preamble=checker.preamble,
            isolate=config.isolate_tests,
            checker=checker,
            checker_source=checker_source,
            inputs=inputs,
            expected=expected,
            key=whole.digest(),
        )

    @property
    def input_bytes(self) -> int:
        """The size of all inputs."""
        return sum(map(len, self.inputs))

    def program_key(self, source: bytes, everything: bool) -> bytes:
        """Return the SHA-256 of all that the verdict on a program depends on but the tier. `everything`: all tests are
        run."""
        return hashlib.sha256(b"".join((self.key, b"\1" if everything else b"\0", source))).digest()


def _encoded(mode: str, given: Any, expected: Any) -> tuple[bytes, Any, bytes]:
    """Return the input as it is sent, the expected answer as it is compared, and the latter as bytes."""
    if mode == "stdin":
        return given.encode("utf-8", "surrogateescape"), expected, expected.encode("utf-8", "surrogatepass")
    data = values.encode(expected)
    return values.encode(list(given)), values.decode(data), data


def _add(whole: Any, part: bytes) -> None:
    whole.update(b"%d:" % len(part))
    whole.update(part)


@cache
def installed_packages() -> list[str]:
    """Return name and version of every package that programs may import, as their metadata directories are named."""
    kinds = ("*.dist-info", "*.egg-info")
    return sorted(found.name for place in map(Path, sys.path) for kind in kinds for found in place.glob(kind))


@cache
def harness_version() -> str:
    """Return a digest of the verifier's source and of the interpreter: another one may judge otherwise."""
    whole = hashlib.sha256(sys.version.encode())
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        _add(whole, path.relative_to(package).as_posix().encode())
        _add(whole, path.read_bytes())
    return whole.hexdigest()
