"""Figures that are counted from episodes, by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cppo.episodes import Branch, Episode
from cppo.report import formats
from cppo.report.curves import moving_mean, series
from cppo.report.deviations import deviations
from cppo.report.facts import UNKNOWN, heat_maps, verdict_mix
from cppo.report.inputs import Row, RunData, read_run
from cppo.report.stages import audit_gates, missing_stages, phase_seconds, validity_gates
from cppo.verifier import Verdict

TRAIT = {"family": "f", "trait": "t", "strategies": ["s1", "s2"]}


def _tuple(index: int, *branches: tuple[str | None, Verdict]) -> Episode:
    made = tuple(Branch(f"do {label}", "p", verdict, label=label) for label, verdict in branches)
    methods = tuple(branch.method or "" for branch in made)
    return Episode("cppo", "p1", index, made, "plan", methods, None if made else "order", metadata=TRAIT)


@pytest.fixture
def data(run_directory: Path) -> RunData:
    return read_run(run_directory)


def test_heat_map_counts_tuples_and_programs(data: RunData) -> None:
    episodes = [
        _tuple(0, ("s1", Verdict.AC), ("s1", Verdict.WA)),  # twice in one tuple: named once, two programs
        _tuple(1, ("s1", Verdict.AC), (None, Verdict.RE)),
        _tuple(2, ("s2", Verdict.WA)),
        _tuple(3),  # did not parse: counts among the tuples
    ]
    data = dataclasses.replace(data, episodes={**data.episodes, "cppo": episodes})
    (found,) = heat_maps(data)["f"]
    assert found.arm.name == "cppo"
    cell = found.cells["s1", "t"]
    assert (cell.named, cell.passed, cell.tuples, cell.programs) == (0.5, 2 / 3, 4, 3)
    assert (found.cells["s2", "t"].named, found.cells["s2", "t"].passed) == (0.25, 0.0)
    assert (found.cells[UNKNOWN, "t"].named, found.cells[UNKNOWN, "t"].programs) == (0.25, 1)
    assert found.parsed == {"t": 0.75}


def test_a_strategy_nobody_named_has_no_pass_rate(data: RunData) -> None:
    data = dataclasses.replace(data, episodes={**data.episodes, "cppo": [_tuple(0, ("s1", Verdict.AC))]})
    (found,) = heat_maps(data)["f"]
    assert found.cells["s2", "t"].passed is None


def test_before_is_the_tuple_arm_of_stage_one_and_after_the_subject(data: RunData) -> None:
    maps = heat_maps(data)
    assert sorted(maps) == ["knapsack", "next_term", "prime_factor"]
    assert [m.arm.name for m in maps["knapsack"]] == ["tuple_sft", "cppo"]


def test_an_unparsed_tuple_spends_k_attempts(data: RunData) -> None:
    episodes = [_tuple(0, *[("s1", Verdict.AC)] * 3, ("s2", Verdict.WA)), _tuple(1)]
    mix = verdict_mix(dataclasses.replace(data, episodes={**data.episodes, "cppo": episodes}))
    assert mix["cppo"] == {"AC": 3 / 8, "WA": 1 / 8, "no plan": 4 / 8}
    assert all(sum(parts.values()) == pytest.approx(1) for parts in mix.values())


def test_gates_are_held_against_the_settings_of_the_run(data: RunData) -> None:
    gates, rejection = validity_gates(data)
    assert [(g.name, g.value, g.passed) for g in gates][:2] == [
        ("AUC", "0.930", True),
        ("Balanced accuracy", "0.840", True),
    ]
    missed = [(g.name, g.value, g.beside, g.needs) for g in rejection if not g.passed]
    assert missed == [("duplicate", "62 %", "81 %", "at least 80 %")]
    audit = {gate.name: gate.passed for gate in audit_gates(data)}
    assert audit["Tuples with R_plan = 1"] is True
    assert audit["Plans that parse"] is False
    assert audit["J rate"] is True
    assert audit["Informative groups"] is None


def test_stages_that_left_nothing_are_named(data: RunData) -> None:
    assert missing_stages(data) == []
    metrics = {name: rows for name, rows in data.metrics.items() if name != "warmup"}
    stages = {name: facts for name, facts in data.stages.items() if name not in ("warmup", "pkpo")}
    assert missing_stages(dataclasses.replace(data, metrics=metrics, stages=stages)) == ["warmup"]


def test_seconds_add_up_by_phase() -> None:
    rows: list[Row] = [
        {"step": 1, "seconds": {"plan": 1.0, "update": 2.0}},
        {"step": 2, "seconds": {"plan": 0.5}},
        {"step": 3},
    ]
    assert phase_seconds(rows) == {"plan": 1.5, "update": 2.0}


def test_series_leave_out_rows_without_the_figure() -> None:
    rows: list[Row] = [{"step": 1, "v": 0.5}, {"step": 2}, {"step": 3, "v": float("nan")}, {"step": 4, "v": 1}]
    x, y = series(rows, "v")
    np.testing.assert_array_equal(x, [1, 4])
    np.testing.assert_array_equal(y, [0.5, 1.0])


def test_moving_mean_stays_centred_at_the_ends() -> None:
    np.testing.assert_allclose(moving_mean(np.array([4.0, 1.0, 1.0, 7.0]), window=3), [4, 2, 3, 7])


def test_only_settings_that_differ_are_deviations() -> None:
    config = {
        "k": 4,
        "joint": {"learning_rate": 3e-4, "beta": 0.01},
        "baselines": {"mine": {"programs": 16, "k": 4}},
        "model": {"tiny": {"layers": 3}},
    }
    found = [(d.key, d.default, d.value) for d in deviations(config)]
    assert found == [
        ("joint.learning_rate", "5e-07", "0.0003"),
        ("baselines.mine.programs", "32", "16"),
        ("model.tiny.layers", "", "3"),
    ]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (formats.share(0.004), "0.4 %"),
        (formats.share(0.997), "99.7 %"),
        (formats.share(0.9997), ">99.9 %"),
        (formats.share(0.0002), "<0.1 %"),
        (formats.share(0.0), "0 %"),
        (formats.share(1.0), "100 %"),
        (formats.share(None), "–"),
        (formats.number(float("nan")), "–"),
        (formats.signed(-0.0251), "−0.025"),
        (formats.count(12345), "12\u202f345"),
        (formats.duration(8.24), "8.2 s"),
        (formats.duration(200), "3 min 20 s"),
        (formats.duration(7500), "2 h 05 min"),
    ],
)
def test_numbers_are_written_for_people(written: str, text: str) -> None:
    assert written == text
