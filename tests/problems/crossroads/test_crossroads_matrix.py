"""Success matrices by execution, and the limits of any policy that follow from them."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from cppo.errors import DataError
from cppo.measures.limits import best_coordinated, best_independent
from cppo.problems import Problem
from cppo.problems.crossroads import ALL, EQUAL, FAMILIES, SKEWED, Setting, generate
from cppo.problems.crossroads.matrix import Judge, by_family, success_matrix, trait_rates

# trait → strategies that pass, in the order of the family's traits
PASSES = {
    "knapsack": {
        "equal weights": {"by value"},
        "equal values": {"lightest first"},
        "seven items": {"all subsets"},
        "small capacity": {"dp on weight"},
        "small values": {"dp on value"},
    },
    "coins": {
        "canonical, large target": {"greedy"},
        "other, small target": {"dp", "bfs over sums"},
        "few huge coins": {"bfs over sums"},
        "two coins": {"two-coin loop"},
    },
    "subsequence": {
        "short": {"table"},
        "sorted": {"letter counts"},
        "b inside a": {"greedy scan", "letter counts"},
        "shared suffix": {"place match", "common suffix", "letter counts"},
        "permutations": {"lis on positions"},
        "hamming": {"place match", "letter counts"},
    },
    "next_term": {
        "arithmetic": {"constant difference", "interleaved", "quadratic"},
        "ratio": {"ratio"},
        "interleaved": {"interleaved"},
        "sum of two": {"sum of two"},
        "cycle": {"cycle"},
        "quadratic": {"quadratic"},
    },
    "prime_factor": {
        "smooth": {"strip factors"},
        "one small factor": {"first divisor"},
        "close factors": {"fermat"},
        "square": {"square root"},
        "prime": {"n is prime"},
        "smooth p-1": {"p-1"},
    },
    "shortest_path": {
        "unit": {"bfs", "dijkstra"},
        "positive": {"dijkstra"},
        "negative, nine nodes": {"floyd", "bellman-ford"},
        "dag": {"dag order"},
        "chain": {"dijkstra", "dag order", "sum of edges"},
    },
    "split": {
        "eight huge": {"signed sums", "sum set"},
        "small values": {"sum set"},
        "near-geometric": {"longest first", "differencing"},
        "twins": {"longest first", "differencing", "cancel twins"},
        "equal halves": {"cut"},
    },
}


def table(family: str) -> np.ndarray:
    strategies = FAMILIES[family].strategies
    return np.array([[s.name in right for s in strategies] for right in PASSES[family].values()])


@pytest.fixture(scope="module")
def verifier() -> Iterator[Judge]:
    from cppo.verifier import Verifier

    with Verifier() as judge:
        yield judge


@pytest.mark.parametrize("family", FAMILIES)
def test_matrix_of_each_family_by_execution(family: str, verifier: Judge) -> None:
    assert list(PASSES[family]) == [trait.name for trait in FAMILIES[family].traits]
    problems = [
        problem
        for trait in FAMILIES[family].traits
        for problem in generate(Setting((family,), {family: {trait.name: 1.0}}), "test", 3, seed=11)
    ]
    success = success_matrix(problems, verifier)
    traits, rates, shares = trait_rates(problems, success)
    assert traits == tuple(PASSES[family])
    np.testing.assert_array_equal(rates, table(family))
    np.testing.assert_allclose(shares, 1 / len(traits))


def test_equal_has_the_limits_of_four_exclusive_traits(verifier: Judge) -> None:
    for problems in by_family(generate(EQUAL, "test", 36, seed=4)).values():
        success = success_matrix(problems, verifier)
        assert (success.sum(axis=1) == 1).all()
        _, rates, _ = trait_rates(problems, success)
        assert best_coordinated(rates, None, 4) == 1.0
        assert best_independent(rates, None, 4)[0] == pytest.approx(1 - 0.75**4, abs=1e-6)


def limits(setting: Setting, k: int) -> tuple[float, float]:
    """Return the mean over families of the two limits, from the table above and the setting's trait weights."""
    pairs = []
    for family in setting.families:
        traits, weights = setting.traits_of(family)
        rows = table(family)[[list(PASSES[family]).index(trait.name) for trait in traits]]
        pairs.append((best_coordinated(rows, weights, k), best_independent(rows, weights, k)[0]))
    coordinated, independent = np.mean(pairs, axis=0)
    return float(coordinated), float(independent)


@pytest.mark.parametrize(
    ("setting", "k", "coordinated", "independent"),
    [
        (EQUAL, 1, 1 / 4, 1 / 4),
        (EQUAL, 4, 1.0, 175 / 256),
        (ALL, 1, (1 / 5 + 1 / 2 + 4 / 6 + 2 / 6 + 1 / 6 + 3 / 5 + 2 / 5) / 7, None),
        (ALL, 4, (4 / 5 + 1 + 1 + 5 / 6 + 4 / 6 + 1 + 1) / 7, 0.727),
        (SKEWED, 1, 0.505, 0.505),
        (SKEWED, 2, 0.770, 0.605),
        (SKEWED, 4, 0.947, 0.768),
    ],
)
def test_limits_of_the_published_settings(
    setting: Setting, k: int, coordinated: float, independent: float | None
) -> None:
    found = limits(setting, k)
    assert found[0] == pytest.approx(coordinated, abs=5e-4)
    assert found[1] == pytest.approx(coordinated if independent is None else independent, abs=5e-4)


class Scripted:
    """Passes the programs whose place in the batch is listed."""

    def __init__(self, passing: set[int]) -> None:
        self.passing = passing
        self.batch: list[tuple[Problem, str]] = []

    def verify(self, batch: Sequence[tuple[Problem, str]]) -> list[SimpleNamespace]:
        self.batch = list(batch)
        return [SimpleNamespace(passed=place in self.passing, verdict="") for place in range(len(batch))]


def test_rows_are_problems_and_columns_all_strategies_even_of_a_subset() -> None:
    setting = Setting(families=("coins",), strategies={"coins": ("dp", "greedy")})
    problems = generate(setting, "train", 2, seed=0)
    judge = Scripted({1, 6})
    success = success_matrix(problems, judge)
    assert success.dtype == np.bool_
    assert success.astype(int).tolist() == [[0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]
    assert [problem.id for problem, _ in judge.batch] == [problems[0].id] * 6 + [problems[1].id] * 6
    assert "fewest(rest)" in judge.batch[1][1]


def test_trait_rates_by_hand() -> None:
    problems = [
        generate(Setting(("coins",), {"coins": {trait: 1.0}}), "train", 1, seed=seed)[0]
        for seed, trait in enumerate(["two coins", "few huge coins", "two coins"])
    ]
    success = np.zeros((3, 6), dtype=np.bool_)
    success[0, 5] = success[1, 4] = True
    traits, rates, shares = trait_rates(problems, success)
    assert traits == ("few huge coins", "two coins")
    assert rates.tolist() == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0.5]]
    assert shares.tolist() == [1 / 3, 2 / 3]


def test_problems_of_two_families_or_from_elsewhere_are_refused() -> None:
    problems = generate(EQUAL, "train", 2, seed=0)
    with pytest.raises(DataError, match="group them with by_family"):
        success_matrix(problems, Scripted(set()))
    with pytest.raises(DataError, match="names no family"):
        by_family([Problem(id="p", statement="", tests=())])
    with pytest.raises(DataError, match="do not fit"):
        trait_rates(problems[:1], np.zeros((2, 6), dtype=np.bool_))
