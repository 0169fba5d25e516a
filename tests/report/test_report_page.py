"""The page as a file: whole, self-contained, escaped, the same each time, and clear about what is missing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from outline import Outline
from synthetic_run import HOSTILE

from cppo.cli.main import main
from cppo.errors import DataError
from cppo.report import write_report
from cppo.report.svg import INK, drawing


@pytest.fixture
def copy(run_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_directory, tmp_path / "run"))


def test_the_page_is_one_file_that_refers_to_nothing_outside(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert [t for t in outline.targets if not t.startswith("#") and t != "data:,"] == []
    inner = {t[1:] for t in outline.targets if t.startswith("#")}
    assert inner <= set(outline.ids)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert page.stat().st_size < 15_000_000


def test_headings_go_down_one_level_at_a_time(page: Path) -> None:
    outline = Outline()
    outline.feed(page.read_text(encoding="utf-8"))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))


def test_programs_come_out_as_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;script&gt;window.hostile" in text
    assert text.count("<script>") == 1


def test_the_same_run_gives_the_same_page(page: Path, copy: Path) -> None:
    (copy / "report.html").unlink()
    again = write_report(copy)
    assert again == copy / "report.html"
    assert again.read_bytes() == page.read_bytes()


def test_every_section_has_its_figures(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for slug in (
        "pass-at-1",
        "pass-at-2",
        "pass-at-4",
        "differences",
        "reward",
        "gate",
        "informative",
        "kl",
        "entropy",
    ):
        assert f'id="{slug}-figure_1"' in text
    assert "independent limit 0.70" in text
    assert "coordinated limit 1.00" in text
    assert 'class="missing"' not in text
    assert "learning_rate" in text


def test_plots_follow_the_colours_of_the_page() -> None:
    with drawing("x", 'a "label"') as plot:
        plot.axes.plot([0, 1], color=INK, label="<b>$x$")
        plot.axes.legend()
    assert plot.svg.startswith('<svg role="img" aria-label="a &quot;label&quot;"')
    assert INK not in plot.svg
    assert "var(--ink)" in plot.svg
    assert "&lt;b&gt;$x$" in plot.svg
    assert "<metadata" not in plot.svg


def test_what_is_missing_is_said_and_the_page_still_made(copy: Path) -> None:
    shutil.rmtree(copy / "stages")
    (copy / "config.json").unlink()
    (copy / "provenance.json").unlink()
    results = json.loads((copy / "results.json").read_text())
    results |= {"stages": {}, "limits": {}, "comparisons": []}
    (copy / "results.json").write_text(json.dumps(results))
    text = write_report(copy).read_text(encoding="utf-8")
    for words in (
        "Nothing on record of: Planner SFT, Plan-validity model, Planner warm-up, Reward-density audit, Joint CPPO",
        "No stage left training figures",
        "No plan-validity model on record",
        "No audit on record",
        "provenance.json is missing",
        "config.json is missing",
        "Their statements are not at hand",
    ):
        assert words in text


def test_summaries_may_lack_any_figure(copy: Path) -> None:
    shutil.rmtree(copy / "stages")
    results = json.loads((copy / "results.json").read_text())
    results |= {"problems": {}, "stages": {"validity": {"auc": None}, "audit": {"parse_rate": 0.9}, "joint": {}}}
    (copy / "results.json").write_text(json.dumps(results))
    text = write_report(copy).read_text(encoding="utf-8")
    assert "on the held-out problems" in text
    assert '<td class="n">at least 0.750</td><td><span class="badge bad">missed</span></td>' in text
    assert '<span class="badge bad">unknown</span>' in text


@pytest.mark.parametrize("name", ["results.json", "episodes.jsonl"])
def test_without_a_result_there_is_no_page(copy: Path, name: str) -> None:
    (copy / name).unlink()
    (copy / "report.html").unlink(missing_ok=True)
    with pytest.raises(DataError, match=rf"has no {re.escape(name)}; .*cppo eval RECIPE"):
        write_report(copy)
    assert not (copy / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("results.json", "{", "not valid JSON"),
        ("results.json", "[]", "is not a result"),
        ("results.json", '{"name": "x"}', r"is not a result: k: Field required \(\d faults"),
        ("episodes.jsonl", '{"arm": "cppo"\n', "line 1: not valid JSON"),
        ("episodes.jsonl", '{"arm": "cppo"}\n', "line 1: not an episode record"),
        ("episodes.jsonl", "", "has no episodes of arm 'direct'"),
        ("stages/joint/metrics.jsonl", "[1]\n", "line 1: not a row of figures"),
        ("config.json", "[]", "holds list, not a JSON object"),
    ],
)
def test_damage_is_named_with_its_file(copy: Path, name: str, content: str, words: str) -> None:
    (copy / name).write_text(content)
    with pytest.raises(DataError, match=words) as caught:
        write_report(copy)
    assert str(copy / name) in str(caught.value)


def test_a_result_that_lacks_a_k_is_refused(copy: Path) -> None:
    results = json.loads((copy / "results.json").read_text())
    del results["arms"][2]["pass_at"]["4"]
    (copy / "results.json").write_text(json.dumps(results))
    with pytest.raises(DataError, match=r"arm 'tuple_sft' has no pass@4, though ks is \[1, 2, 4\]"):
        write_report(copy)


def test_the_command_writes_the_page_or_says_why_not(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(copy)]) == 0
    assert capsys.readouterr().out.strip() == str(copy / "report.html")
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "has no results.json" in capsys.readouterr().err
