"""Several evaluations in one table: methods down, models and benchmarks across, as the published study has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cppo.errors import ConfigError, choose
from cppo.measures import holm

EQUAL = {"budget": "programs a problem", "k": "K", "seeds": "seeds", "confidence": "level of intervals"}
"""What all columns must have in common, and what to call it."""


def lay_out(evaluations: Mapping[str, Mapping[str, Any]], at: int, against: str | None) -> dict[str, Any]:
    """Return rows, columns and cells of pass@`at`, as JSON values.

    `evaluations`: results of `cppo eval` by the name of their column group (a model). A column is an evaluation and one
    of its problem sets. `against`: the arm over which the subject's lead in every column is given, corrected over all
    columns (Holm); None takes the comparator that the recipes name, where they agree and `at` is the k of their
    comparisons; else `no_lead` says why there is none. `named_beforehand` says whether subject and that arm stood in
    every recipe before it had results.

    Raises `ConfigError` for columns that differ in budget, K, seeds or level, or in what one problem set is; when one
    lacks that arm, or k, or has another subject.
    """
    columns: list[dict[str, Any]] = []
    titles: dict[str, str] = {}
    no_lead = None
    if against is None:
        against, no_lead = _comparator(evaluations, at)
    subjects = {result["subject"] for result in evaluations.values()}
    if against is not None and len(subjects) > 1:
        raise ConfigError(
            f"the evaluations have different subjects ({', '.join(sorted(subjects))}); a comparison over all columns "
            "needs one, named beforehand (`subject` of the recipes)"
        )
    _refuse_unequal(evaluations)
    for group, result in evaluations.items():
        for source, one in result["results"].items():
            if at not in one["ks"]:
                raise ConfigError(f"{group}, {source}: pass@{at} was not evaluated; it has {one['ks']}")
            titles |= {arm["name"]: arm["title"] for arm in one["arms"]}
            columns.append(
                {
                    "group": group,
                    "set": source,
                    "problems": one["problems"],
                    "cells": {arm["name"]: arm["pass_at"][str(at)] for arm in one["arms"]},
                    "tokens": {arm["name"]: {k: v["mean"] for k, v in arm["tokens"].items()} for arm in one["arms"]},
                    "lead": None if against is None else _lead(one, against, at),
                }
            )
    leads = [column["lead"] for column in columns if column["lead"] is not None]
    if leads:
        adjusted = holm([lead["p_value"] for lead in leads])
        for lead, p, rejected in zip(leads, adjusted.adjusted, adjusted.rejected, strict=True):
            lead |= {"holm_p": float(p), "significant": bool(rejected)}
    first = next(iter(next(iter(evaluations.values()))["results"].values()))
    return {
        "at": at,
        **{key: first[key] for key in EQUAL},
        "rows": [{"name": name, "title": title} for name, title in titles.items()],
        "columns": columns,
        "subject": next(iter(subjects)) if len(subjects) == 1 else None,
        "against": against,
        "no_lead": no_lead,
        "warnings": list(
            dict.fromkeys(
                text for e in evaluations.values() for one in e["results"].values() for text in one["warnings"]
            )
        ),
        "named_beforehand": None if against is None else not _named_later(evaluations, against),
    }


def _comparator(evaluations: Mapping[str, Mapping[str, Any]], at: int) -> tuple[str | None, str | None]:
    """Return the comparator that all evaluations name, or None and why there is none."""
    for what in ("comparator", "subject"):
        named = {group: str(result.get(what, "")) for group, result in evaluations.items()}
        if what == "comparator" and not any(named.values()):
            return None, "no recipe names a comparator; --against ARM takes one"
        if len(set(named.values())) > 1:
            words = ", ".join(f"{group}: {name or 'none'}" for group, name in named.items())
            return None, f"the recipes do not name the same {what} ({words})"
    if any(one["at"] != at for result in evaluations.values() for one in result["results"].values()):
        return None, f"arms were not compared at pass@{at}"
    return next(str(result["comparator"]) for result in evaluations.values()), None


def _named_later(evaluations: Mapping[str, Mapping[str, Any]], against: str) -> list[str]:
    """Return the evaluations whose subject or comparator was named, or changed, after there were results."""
    return [
        group
        for group, result in evaluations.items()
        if result.get("comparator") != against or not all(result.get("named_beforehand", {"": False}).values())
    ]


def _refuse_unequal(evaluations: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `ConfigError` for columns that are not of the same budget, or sets of one name that are not the same."""
    columns = [(f"{g}, {s}", one) for g, result in evaluations.items() for s, one in result["results"].items()]
    (first_name, first), *others = columns
    for name, one in others:
        for key, what in EQUAL.items():
            if one[key] != first[key]:
                raise ConfigError(
                    f"{what}: {first[key]} in {first_name}, {one[key]} in {name}; a table needs the same everywhere"
                )
    seen: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, one in columns:
        other, problems = seen.setdefault(one["problems"]["set"], (name, one["problems"]))
        if problems.get("fingerprint") != one["problems"].get("fingerprint"):
            raise ConfigError(
                f"{other} ({problems['test']} problems) and {name} ({one['problems']['test']}) are not the same "
                "problems and tests; evaluate both on the same (`limit`, revision of the data set)"
            )


def _lead(one: Mapping[str, Any], against: str, at: int) -> dict[str, Any]:
    rows: Sequence[Mapping[str, Any]] = one["comparisons"]
    choose(f"comparator of {one['problems']['set']}", against, [row["other"] for row in rows])
    row = next(row for row in rows if row["other"] == against)
    if row["k"] != at:
        raise ConfigError(f"arms were compared at pass@{row['k']}; a table with --against has that k, not {at}")
    keys = ("difference", "low", "high", "p_value", "seeds", "minimum_detectable")
    return {key: row.get(key) for key in keys}
