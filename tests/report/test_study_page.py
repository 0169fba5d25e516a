"""The page of a study: its sentences, its plots with a dot a seed, its tables, in a browser and out of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from chromium import BINARY, open_page
from synthetic_study import build_study

from cppo.cli.main import main
from cppo.errors import DataError
from cppo.report import write_study
from cppo.report.study_inputs import read_study
from cppo.report.study_page import study_headline, training_plots


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def text(study: Path) -> str:
    return write_study(study).read_text(encoding="utf-8")


def test_the_sentences_are_computed_from_the_result(study: Path) -> None:
    first, second, third, fourth = study_headline(read_study(study))
    assert first == (
        "CPPO reaches pass@4 0.750 [0.710, 0.790] on 24 held-out problems (95 % interval over training seeds and "
        "problems)."
    )
    assert "CPPO is ahead of it by +0.250 [+0.100, +0.400]" in second
    assert third.startswith("It passes the best independent policy’s limit of 0.700, with its whole interval above")
    assert fourth == (
        "Ablations (training seeds 0, 1, 2) against the full CPPO at pass@4 0.750 [0.710, 0.790], after Holm over 2 "
        "comparisons: worse: “No gate” (−0.150); not told apart: “Mean reward” (−0.010)."
    )


def test_the_page_is_self_contained_and_the_same_again(study: Path, text: str) -> None:
    assert write_study(study).read_text(encoding="utf-8") == text
    assert "<script" not in text
    assert "script-src 'none'" in text
    assert "&lt;img src=x" in text
    assert "<img" not in text
    assert "<b>" not in text


def test_the_plots_show_every_seed_and_both_limits(text: str) -> None:
    assert text.count('aria-label="pass@4 by method') == 2  # the study's and the ablations'
    start = text.index('aria-label="pass@4 by method')
    plot = text[start : text.index("</svg>", start)]
    assert "independent limit 0.70" in plot
    assert "coordinated limit 1.00" in plot
    assert plot.count("fill-opacity: 0") == 3 * 3  # open circles: three seeds of three arms


def test_the_tables_hold_the_figures(text: str) -> None:
    assert "0.730, 0.750, 0.770" in text  # CPPO's seeds
    assert "+0.050" in text  # above the independent limit …
    assert "0.021" in text  # … and the standard error of the share of the coordinated one
    assert "joint.plan_reward=ungated" in text
    assert "61\u202f440" in text
    assert text.count("p\u00a0=\u00a00.004") == text.count("p\u00a0=\u00a00.131") == 4  # two comparisons in each table


def test_a_curve_a_seed(study: Path) -> None:
    data = read_study(study)
    plots = training_plots(data)
    assert [plot.caption for plot in plots] == [
        "CPPO: pass@4", "PKPO <b>: pass@4", "CPPO: solver fidelity on known methods",
        "PKPO <b>: solver fidelity on known methods",
    ]  # fmt: skip
    for name in ("seed 0", "seed 1", "seed 2"):
        assert name in plots[0].svg
    for plot, limits in zip(plots, (True, True, False, False), strict=True):
        assert ("independent limit 0.70" in plot.svg) is limits


def test_joint_training_goes_by_the_name_of_the_subject(study: Path) -> None:
    data = read_study(study)
    assert data.study is not None
    other = data.study.arms[0].model_copy(update={"name": "alone", "stage": "joint", "title": "Without a plan"})
    arms = data.study.model_copy(update={"arms": (other, *data.study.arms)})
    assert training_plots(replace(data, study=arms))[0].caption == "CPPO: pass@4"


def test_ablations_alone_and_nothing_at_all(study: Path, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    (copy / "results.json").unlink()
    page = write_study(copy).read_text(encoding="utf-8")
    assert "cppo study RECIPE does that" in page
    assert len(study_headline(read_study(copy))) == 1
    (copy / "ablations.json").write_text('{"name": "x"}')
    with pytest.raises(DataError, match=r"ablations\.json is not a result.*cppo ablate RECIPE"):
        read_study(copy)
    (copy / "ablations.json").unlink()
    with pytest.raises(DataError, match=r"neither results\.json nor ablations\.json"):
        read_study(copy)


def test_warnings_stand_at_the_top(study: Path, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    result = json.loads((copy / "results.json").read_text())
    result["warnings"] = ["2 training seeds, fewer than 3: seed noise is not covered"]
    (copy / "results.json").write_text(json.dumps(result))
    page = write_study(copy).read_text(encoding="utf-8")
    assert "<li>2 training seeds, fewer than 3: seed noise is not covered.</li>" in page


def test_the_ablations_warn_at_the_top_too(study: Path, tmp_path: Path) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    result = json.loads((copy / "ablations.json").read_text())
    result["seeds"], result["warnings"] = [0, 1], ["2 training seeds, fewer than 3: seed noise is not covered"]
    (copy / "ablations.json").write_text(json.dumps(result))
    page = write_study(copy).read_text(encoding="utf-8")
    assert "<li>Ablations: 2 training seeds, fewer than 3: seed noise is not covered.</li>" in page
    assert "Ablations (training seeds 0, 1) against the full CPPO" in page


def test_pass_at_four_of_six_slots_is_said_to_be_that(study: Path, text: str, tmp_path: Path) -> None:
    said = "pass@4 is that of 4 of its 6 slots"
    assert said not in text
    copy = tmp_path / "study"
    shutil.copytree(study, copy)
    result = json.loads((copy / "ablations.json").read_text())
    result["arms"][1]["k"] = 6
    (copy / "ablations.json").write_text(json.dumps(result))
    assert said in write_study(copy).read_text(encoding="utf-8")


def test_the_command_writes_the_page_again(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(study)]) == 0
    assert capsys.readouterr().out.strip() == str(study / "report.html")


@pytest.mark.browser
@pytest.mark.skipif(BINARY is None, reason="no chromium, chromium-browser or google-chrome on PATH")
@pytest.mark.parametrize("width", [400, 1600])
def test_quiet_and_no_wider_than_the_window(browser, study: Path, width: int) -> None:  # type: ignore[no-untyped-def]
    tab, said = open_page(browser, write_study(study), width)
    tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("window.hostile") is None
    assert tab.locator("svg").count() == 2 * (3 + 1) + 4
    assert said == []
