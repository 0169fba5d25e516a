"""Problems and where they come from."""

from cppo.problems.problem import Limits, Mode, Problem, TestCase

__all__ = ["Limits", "Mode", "Problem", "TestCase"]
