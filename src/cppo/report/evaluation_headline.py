"""The sentences at the top of the page of an evaluation, and what its figures do not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cppo.report.evaluation_inputs import Cell, EvaluationData, SetData
from cppo.report.formats import count, signed
from cppo.report.headline import after_holm, against, best_comparator, few_seeds, other_warnings, reached

KINDS = ("ahead of", "behind", "not told apart from")


def over(seeds: Sequence[int]) -> str:
    """Return what the intervals cover, in words."""
    return "seeds and problems" if len(seeds) > 1 else "problems"


def evaluation_headline(data: EvaluationData) -> list[str]:
    """Return what to say of a set: the subject, its best comparator, how it stands to the others. Several sets have a
    paragraph each, after one on how many comparisons came out which way."""
    if len(data.sets) == 1:
        return _of_set(data, data.sets[0])
    return [*_over_all(data), *(" ".join(_of_set(data, one)) for one in data.sets)]


def _over_all(data: EvaluationData) -> Iterator[str]:
    cells = data.results.comparisons
    if cells:
        counts = [sum(_kind(row) == kind for row in cells) for kind in KINDS]
        yield (
            f"On {len(data.sets)} problem sets, {data.first.own.title} is ahead in {counts[0]} of {len(cells)} "
            f"comparisons at pass@{data.first.at}, behind in {counts[1]} and not told apart in {counts[2]}, after "
            f"{after_holm(len(cells))}."
        )


def _of_set(data: EvaluationData, one: SetData) -> list[str]:
    results, cells, subject = one.results, data.cells(one), one.results.own
    problems = f"{count(results.problems['test'])} problems of {one.title}"
    parts = [reached(results, subject, problems, over(results.seeds))]
    best = best_comparator(results, subject, results.at)
    if best is not None:
        parts.append(against(subject, best, results.at, cells, len(data.results.comparisons)))
        others = [row for row in cells if row.other != best.name]
        if others:
            parts.append(f"Of the other arms it is {_standing(others, one)}.")
    return parts


def _standing(rows: Sequence[Cell], one: SetData) -> str:
    titles = {arm.name: arm.title for arm in one.results.arms}
    told = []
    for kind in KINDS:
        named = [f"{titles.get(row.other, row.other)} ({signed(row.difference)})" for row in rows if _kind(row) == kind]
        if named:
            told.append(f"{kind} {_listed(named)}")
    return "; ".join(told)


def _kind(row: Cell) -> str:
    if not row.clear:
        return KINDS[2]
    return KINDS[0] if row.difference > 0 else KINDS[1]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def evaluation_caveats(data: EvaluationData) -> list[str]:
    """Return what a reader must know before quoting the figures: few seeds, a subject that was named late, verdicts of
    other rules, fewer problems, rows left out, calls that failed, and whatever the comparisons warn of."""
    notes = [*few_seeds(len(data.first.seeds), "seed"), *_named_late(data), *_judged_again(data)]
    limit = data.record["recipe"].get("limit")
    if limit is not None:
        notes.append(f"Only the first {limit} problems of each set were asked for (limit = {limit}).")
    for one in data.sets:
        notes += _dropped(one)
        notes += _failed(one)
        notes += _estimated(one)
    return notes + other_warnings(data.results.comparisons)


def _dropped(one: SetData) -> list[str]:
    rows = drops(one)
    if not rows:
        return []
    words = "; ".join(f"{count(number)} {meaning}" for _, number, meaning, _ in rows)
    total = sum(number for _, number, _, _ in rows)
    return [f"{one.title}: left out of the data set, because they give no problem: {count(total)} rows ({words})."]


def _failed(one: SetData) -> list[str]:
    named = [
        f"{arm.title} ({', '.join(f'{where} {count(number)}' for where, number in arm.failures.items())})"
        for arm in one.results.arms
        if arm.failures
    ]
    if not named:
        return []
    return [
        f"{one.title}: calls that came to nothing and count as attempts that failed: {'; '.join(named)}. `cppo eval` "
        "repeats the errors when it is run again."
    ]


def _named_late(data: EvaluationData) -> list[str]:
    if data.results.named_beforehand.get("subject", True):
        return []
    return [
        f"{data.first.own.title} was made the subject after there were results. A choice after looking makes p-values "
        "too small."
    ]


def _judged_again(data: EvaluationData) -> list[str]:
    replay = data.record.get("replay")
    if not isinstance(replay, dict):
        return []
    rules = f"checker {replay['checker']} for every problem" if replay.get("checker") else "the limits of this recipe"
    return [f"The programs are those of {replay.get('of')}, judged again under {rules}."]


def _estimated(one: SetData) -> list[str]:
    counts = [sum(role.estimated for role in arm.roles.values()) for arm in one.results.arms]
    if not any(counts):
        return []
    calls = sum(role.calls for arm in one.results.arms for role in arm.roles.values())
    return [
        f"{one.title}: the server did not count the tokens of {count(sum(counts))} of {count(calls)} calls; they are "
        "estimated, and so are costs and figures at equal tokens."
    ]


def drops(one: SetData) -> list[tuple[str, int, str, str]]:
    """Return why rows of the data set gave no problem: reason, how many, what it means, examples."""
    table = one.results.problems.get("dropped")
    return [
        (str(reason), int(row["count"]), str(row.get("meaning", reason)), ", ".join(map(str, row.get("examples", ()))))
        for reason, row in (table.items() if isinstance(table, dict) else ())
        if isinstance(row, dict) and isinstance(row.get("count"), int)
    ]
