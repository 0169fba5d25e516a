"""Shortest path: the least total weight from node 0 to node n - 1 along directed edges [u, v, w]."""

from __future__ import annotations

import random
from itertools import pairwise

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

BFS = Strategy(
    "bfs",
    "Breadth-first search: count the levels up to the goal.",
    """\
def solve(n, edges):
    nodes, count = {0}, 0
    while n - 1 not in nodes:
        nodes = {v for u, v, w in edges if u in nodes}
        count += 1
    return count
""",
)
CHEAPEST_WALK = Strategy(
    "cheapest walk",
    "Walk along the cheapest edge out of each node.",
    """\
def solve(n, edges):
    u = total = 0
    for _ in range(n):
        w, u = min([(w, v) for a, v, w in edges if a == u], default=(0, u))
        total += w
    return total
""",
)
DIJKSTRA = Strategy(
    "dijkstra",
    "Dijkstra: a heap settles the nearest open node.",
    """\
from heapq import heappop, heappush
def solve(n, edges):
    near = [[] for _ in range(n)]
    for u, v, w in edges:
        near[u].append((v, w))
    heap, done = [(0, 0)], set()
    while heap:
        d, u = heappop(heap)
        if u == n - 1:
            return d
        if u not in done:
            done.add(u)
            for v, w in near[u]:
                heappush(heap, (d + w, v))
""",
)
FLOYD = Strategy(
    "floyd",
    "Floyd: allow middle nodes one by one for all pairs.",
    """\
from itertools import product
def solve(n, edges):
    best = [[10**9] * n for _ in range(n)]
    for u, v, w in edges:
        best[u][v] = min(best[u][v], w)
    for k, i, j in product(range(n), repeat=3):
        best[i][j] = min(best[i][j], best[i][k] + best[k][j])
    return best[0][n - 1]
""",
)
BELLMAN_FORD = Strategy(
    "bellman-ford",
    "Bellman-Ford: relax every edge once for each node.",
    """\
def solve(n, edges):
    best = [0] + [10**9] * (n - 1)
    for _ in range(n):
        for u, v, w in edges:
            best[v] = min(best[v], best[u] + w)
    return best[n - 1]
""",
)
DAG_ORDER = Strategy(
    "dag order",
    "Relax the edges once in the order of their start.",
    """\
def solve(n, edges):
    best = [0] + [10**9] * (n - 1)
    for u, v, w in sorted(edges):
        best[v] = min(best[v], best[u] + w)
    return best[n - 1]
""",
)
SUM_OF_EDGES = Strategy(
    "sum of edges",
    "Every edge lies on the way: add up all weights.",
    """\
def solve(n, edges):
    return sum(w for u, v, w in edges)
""",
)

FAR = 10**9


def oracle(n: int, edges: list[list[int]]) -> int:
    """Return the least total weight from 0 to n - 1: Bellman–Ford until nothing changes (no negative cycles)."""
    best, before = [0] + [FAR] * (n - 1), None
    ordered = sorted(edges)
    while best != before:
        before = best.copy()
        for u, v, w in ordered:
            if best[u] + w < best[v]:
                best[v] = best[u] + w
    return best[n - 1]


def _arcs(rng: random.Random, n: int, count: int, forward: bool) -> list[tuple[int, int]]:
    """Draw a path from 0 to n - 1 through a few nodes and other arcs, none out of n - 1, none into 0."""
    inner = rng.sample(range(1, n - 1), rng.randint(3, 5))
    arcs = set(pairwise([0, *(sorted(inner) if forward else inner), n - 1]))
    pairs = (n - 1) ** 2
    for code in rng.sample(range(pairs), min(2 * count, pairs)):
        u, v = code // (n - 1), 1 + code % (n - 1)
        if u != v and len(arcs) < count:
            arcs.add((min(u, v), max(u, v)) if forward else (u, v))
    return rng.sample(sorted(arcs), len(arcs))


def _unit(rng: random.Random) -> Instance:
    n = rng.randint(40, 44)
    return [n, [[u, v, 1] for u, v in _arcs(rng, n, 2 * n + 10, forward=False)]]


def _positive(rng: random.Random) -> Instance:
    n = rng.randint(40, 44)
    return [n, [[u, v, rng.randint(1, 9) ** 2] for u, v in _arcs(rng, n, 2 * n + 10, forward=False)]]


def _negative_nine_nodes(rng: random.Random) -> Instance:
    n = 9
    lift = [rng.randint(0, 80) for _ in range(n)]  # potentials: no cycle is negative
    arcs = _arcs(rng, n, rng.randint(26, 32), forward=False)
    return [n, [[u, v, rng.randint(1, 6) ** 2 + lift[v] - lift[u]] for u, v in arcs]]


def _dag(rng: random.Random) -> Instance:
    n = rng.randint(40, 44)
    return [n, [[u, v, rng.randint(-30, 30)] for u, v in _arcs(rng, n, 2 * n + 10, forward=True)]]


def _chain(rng: random.Random) -> Instance:
    n = rng.randint(70, 80)
    edges = [[u, u + 1, rng.randint(1, 40)] for u in range(n - 1)]
    return [n, rng.sample(edges, n - 1)]


FAMILY = Family(
    name="shortest_path",
    arguments=("n", "edges"),
    wordings=(
        "Shortest way from node 0 to node n - 1 along directed edges [u, v, w].",
        "Edges [u, v, w] are one-way: least total from node 0 to node n - 1.",
    ),
    strategies=(BFS, CHEAPEST_WALK, DIJKSTRA, FLOYD, BELLMAN_FORD, DAG_ORDER, SUM_OF_EDGES),
    traits=(
        # The cheapest walk looks at all edges n times: with 40 nodes and 90 edges it never ends in time.
        Trait("unit", redrawn(_unit, oracle, (DAG_ORDER,))),
        Trait("positive", redrawn(_positive, oracle, (BFS, DAG_ORDER))),
        Trait(
            "negative, nine nodes",
            redrawn(_negative_nine_nodes, oracle, (BFS, CHEAPEST_WALK, DIJKSTRA, DAG_ORDER, SUM_OF_EDGES)),
        ),
        Trait("dag", redrawn(_dag, oracle, (BFS, DIJKSTRA))),
        Trait("chain", redrawn(_chain, oracle, ())),
    ),
    oracle=oracle,
)
