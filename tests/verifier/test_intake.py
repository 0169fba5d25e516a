"""Problems made ready once, and never mistaken for one another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import overload

from cppo.problems import Problem, TestCase
from cppo.verifier import AsyncVerifier, Verifier

COUNT = 20
TRIES = 1000


def squares(number: int) -> Problem:
    return Problem(f"p{number}", "", [TestCase([number], number**2)], mode="call", entry_point="f")


class OnDemand(Sequence[tuple[Problem, str]]):
    """Pairs built when they are read, wherever possible at a place in memory where a problem was that has been freed.

    The programs of even problems are right, the others return what is right for the problem before.
    """

    def __init__(self) -> None:
        self.places: set[int] = set()

    def __len__(self) -> int:
        return COUNT

    @overload
    def __getitem__(self, index: int) -> tuple[Problem, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[Problem, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[Problem, str] | Sequence[tuple[Problem, str]]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(COUNT))]
        if index >= COUNT:
            raise IndexError(index)
        tried = [squares(index)]
        while id(tried[-1]) not in self.places and len(tried) < TRIES:
            tried.append(squares(index))
        self.places.add(id(tried[-1]))
        right = index - index % 2
        return tried[-1], f"def f(x):\n    return {right**2}"


EXPECTED = ["AC", "WA"] * (COUNT // 2)


def test_pairs_built_on_demand_are_judged_on_their_own_problems() -> None:
    with Verifier() as verifier:
        assert [verdict.verdict.value for verdict in verifier.verify(OnDemand())] == EXPECTED


def test_pairs_of_a_stream_are_judged_on_their_own_problems() -> None:
    def pairs() -> Iterator[tuple[Problem, str]]:
        yield from OnDemand()

    with Verifier() as verifier:
        verdicts = dict(verifier.stream(pairs()))
    assert [verdicts[index].verdict.value for index in range(COUNT)] == EXPECTED


def test_and_so_are_those_of_asyncio() -> None:
    async def judge() -> list[str]:
        async with AsyncVerifier() as verifier:
            return [verdict.verdict.value for verdict in await verifier.verify(OnDemand())]

    assert asyncio.run(judge()) == EXPECTED
