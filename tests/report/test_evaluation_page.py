"""The page of an evaluation as a file: whole, self-contained, escaped, the same each time, with the right numbers."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest
from outline import Outline
from synthetic_evaluation import build_evaluation
from synthetic_run import HOSTILE

from cppo.report import write_evaluation
from cppo.report.browser import pack
from cppo.report.evaluation_inputs import read_evaluation
from cppo.report.evaluation_page import PAGE_LIMIT, render_evaluation
from cppo.report.formats import number, p_value, signed


@pytest.fixture(scope="module")
def text(evaluation_page: Path) -> str:
    return evaluation_page.read_text(encoding="utf-8")


def packed(text: str, name: str) -> list[Any]:
    """Return what a data block of the page holds, line by line."""
    found = re.search(rf'<script type="text/plain" id="{name}">([^<]*)</script>', text)
    assert found is not None
    lines = found.group(1).split("\n") if found.group(1) else []
    return [zlib.decompress(base64.b64decode(line)).decode() for line in lines]


def test_the_page_is_one_file_that_refers_to_nothing_outside(text: str) -> None:
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert [t for t in outline.targets if not t.startswith("#") and t != "data:,"] == []
    assert {t[1:] for t in outline.targets if t.startswith("#")} <= set(outline.ids)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "default-src 'none'" in text


def test_headings_go_down_one_level_at_a_time(text: str) -> None:
    outline = Outline()
    outline.feed(text)
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))


def test_nothing_of_an_evaluation_is_markup(text: str) -> None:
    assert HOSTILE not in text
    assert "<img" not in text
    assert text.count("<script>") == 1
    assert text.count("</script>") == 3  # the code, the index, the blocks
    assert "PlanSearch &lt;/script&gt;&lt;script&gt;window.hostile" in text
    assert HOSTILE in "".join(packed(text, "packed-blocks"))


def test_no_script_of_the_page_sets_markup(text: str) -> None:
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert script is not None
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert word not in script.group(1)


def test_the_same_evaluation_gives_the_same_page(evaluation: Path, text: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(evaluation, tmp_path / "out", ignore=shutil.ignore_patterns("report.html")))
    again = write_evaluation(copy)
    assert again == copy / "report.html"
    assert again.read_text(encoding="utf-8") == text


def cells_of(text: str, label: str) -> list[list[str]]:
    """Return the cells of the table in the region called `label`, row by row, as text."""
    start = text.index(f'aria-label="{label}"')
    table = text[start : text.index("</table>", start)]
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def plain(markup: str) -> str:
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", "", markup)).strip(" ")


def test_the_tables_hold_the_results(evaluation: Path, text: str) -> None:
    results = json.loads((evaluation / "results.json").read_text())
    words = next(one for source, one in results["results"].items() if source.endswith("words.jsonl"))
    rows = cells_of(text, "pass@k by method on words.jsonl")
    assert rows[0] == ["Method", "pass@1", "pass@2", "pass@4", "CPPO minus it", "p (Holm)"]
    for row, arm in zip(rows[1:], words["arms"], strict=True):
        for cell, k in zip(row[1:4], ("1", "2", "4"), strict=True):
            at = arm["pass_at"][k]
            assert cell == f"{number(at['mean'])} [{number(at['low'])}, {number(at['high'])}]"
    # p is that over all four comparisons, not that of the set alone
    whole = next(
        row for row in results["comparisons"] if row["set"].endswith("words.jsonl") and row["other"] == "search"
    )
    assert rows[2][4] == f"{signed(whole['difference'])} [{signed(whole['low'])}, {signed(whole['high'])}]"
    assert rows[2][5] == p_value(whole["holm_p"])
    assert rows[3][4:] == ["", ""]


def test_the_sets_come_first_side_by_side(evaluation: Path, text: str) -> None:
    results = json.loads((evaluation / "results.json").read_text())
    rows = cells_of(text, "pass@k by method and problem set")
    assert rows[0] == ["Method", "numbers.jsonl6 problems", "words.jsonl5 problems"]
    means = [[number(one["arms"][i]["pass_at"]["2"]["mean"]) for one in results["results"].values()] for i in range(3)]
    assert [[cell.split(" ")[0] for cell in row[1:]] for row in rows[1:]] == means
    assert text.index('id="result"') < text.index('id="set-1"') < text.index('id="set-2"') < text.index('id="episodes"')
    assert len(cells_of(text, "Comparisons on all problem sets")) == 1 + 4


def test_costs_are_counted_by_role(text: str) -> None:
    rows = cells_of(text, "Tokens by method and role on numbers.jsonl")
    # 2 seeds × 6 problems: 12 calls of 30 and of 20 tokens, then 4 programs each of 20 to 23
    assert rows[2:6] == [
        [f"PlanSearch {escaped(HOSTILE)}", "observe", "12", "about 720", "about 360", "30"],
        ["sketch", "12", "960", "240", "20"],
        ["solver", "48", "2\u202f160", "1\u202f032", "86"],
        ["together", "72", "about 3\u202f840", "about 1\u202f632", "136"],
    ]
    assert rows[6][:3] == ["CPPO", "planner", "24"]
    assert rows[7][:2] == ["solver", "44"]  # two of 24 plans gave no programs


def test_what_is_not_said_by_the_figures_is_said(evaluation: Path, text: str, tmp_path: Path) -> None:
    assert "numbers.jsonl: the server did not count the tokens of 2 of 188 calls; they are estimated" in text
    assert "words.jsonl: the server did not" not in text
    assert "judged again" not in text
    copy = Path(shutil.copytree(evaluation, tmp_path / "out"))
    record, results = (json.loads((copy / name).read_text()) for name in ("eval.json", "results.json"))
    (copy / "eval.json").write_text(json.dumps({**record, "replay": {"of": "first", "checker": "apps"}}))
    late = {**results, "named_beforehand": {"subject": False, "comparator": True}}
    (copy / "results.json").write_text(json.dumps(late))
    changed = write_evaluation(copy).read_text()
    assert "The programs are those of first, judged again under checker apps for every problem." in changed
    assert "CPPO was made the subject after there were results." in changed


def test_detectable_differences_are_shown(evaluation: Path, text: str) -> None:
    results = json.loads((evaluation / "results.json").read_text())
    rows = cells_of(text, "Comparisons on all problem sets")
    assert rows[0][-1] == "detectable"
    assert [row[-1] for row in rows[1:]] == [number(row["minimum_detectable"]) for row in results["comparisons"]]
    found = [number(row["minimum_detectable"]) for row in results["comparisons"][:2]]
    assert f"alone finds four times in five: {min(found)} to {max(found)}." in text


def escaped(value: str) -> str:
    return value.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")


def test_failures_are_told_by_boundary(text: str) -> None:
    rows = cells_of(text, "Failures by boundary on numbers.jsonl")
    assert rows[1:] == [
        ["Direct sampling", "program/empty 2, program/error 2", "–"],
        [f"PlanSearch {escaped(HOSTILE)}", "–", "few combinations 2"],
        ["CPPO", "plan/error 1", "duplicate 1, error 1"],
    ]


def test_the_mix_counts_lost_attempts(text: str) -> None:
    header, direct, _, cppo = cells_of(text, "Verdicts by method")
    by_code = {cell.split(" ")[0]: i for i, cell in enumerate(header)}
    # direct: 2 of 48 calls failed; tuples: one plan of 24 failed and one did not parse, with two attempts each
    assert direct[by_code["F"]] == "4 %"
    assert (cppo[by_code["P"]], cppo[by_code["F"]]) == ("4 %", "4 %")
    assert direct[by_code["P"]] == ""


def diversity(evaluation: Path, arm: str) -> list[float]:
    results = json.loads((evaluation / "results.json").read_text())
    found = next(one for one in next(iter(results["results"].values()))["arms"] if one["name"] == arm)
    return [found["duplicate_programs"]["mean"], found["effective_programs"]["mean"]]


def test_diversity_is_shown_where_the_record_has_it(evaluation: Path, text: str) -> None:
    rows = cells_of(text, "Plans and diversity on numbers.jsonl")
    assert rows[0][1:] == [
        "plans that parse", "first slot alone", "coordination gain", "duplicates", "effective strategies",
        "duplicate programs", "effective programs",
    ]  # fmt: skip
    assert rows[1][1:6] == ["–"] * 5
    assert [float(cell) for cell in rows[1][6:]] == pytest.approx(diversity(evaluation, "direct"), abs=5e-4)
    assert rows[3][1] == "92 %"  # 22 of 24 tuples


def test_the_index_has_a_sign_for_every_attempt(evaluation: Path, text: str) -> None:
    (index,) = map(json.loads, packed(text, "packed-index"))
    assert [one["name"] for one in index["sets"]] == ["numbers.jsonl", "words.jsonl"]
    assert (index["subject"], index["seeds"]) == (2, [0, 7])
    strips = index["sets"][0]["strips"]
    assert strips[0][0][1][:3] == "FEC"  # the call failed, nothing was said, cut in the middle
    assert strips[2][0][2].startswith("FF ")  # the plan's call failed: both attempts
    assert strips[2][1][2].startswith("PP ")  # the plan named one method twice
    assert {len(strip) for seeds in strips[0] + strips[1] for strip in seeds} == {4}
    results = json.loads((evaluation / "results.json").read_text())
    for one, counted in zip(index["sets"], results["results"].values(), strict=True):
        for arm, seeds in zip(counted["arms"], one["strips"], strict=True):
            accepted = sum(strip.count("A") for strips in seeds for strip in strips)
            assert accepted == arm["verdicts"].get("AC", 0)


def test_programs_are_stored_once(text: str) -> None:
    blocks = "".join(packed(text, "packed-blocks"))
    assert blocks.count("print(4)\n") == 1  # of three arms, two seeds, two sets and eight attempts
    assert blocks.count("def solve():") == 1


def test_what_does_not_fit_is_left_out_for_all_arms_alike(evaluation: Path) -> None:
    data = read_evaluation(evaluation)
    with_all = render_evaluation(data)
    assert len(with_all.encode(errors="replace")) < PAGE_LIMIT
    assert "are not in it" not in with_all
    small = render_evaluation(data, 1000)
    assert "of 11 problems are not in it" in small
    (index,) = map(json.loads, packed(small, "packed-index"))
    assert packed(small, "packed-blocks") == []
    assert {block for one in index["sets"] for _, _, block in one["problems"]} == {-1}
    assert index["firsts"] == []
    assert pack(data, 10**9).left_out == 0


def test_the_page_keeps_below_the_limit_it_is_given(evaluation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cppo.report.packing.BLOCK", 100)
    data = read_evaluation(evaluation)
    whole = len(render_evaluation(data).encode(errors="backslashreplace"))
    for limit in (whole - 500, whole - 4000):
        page = render_evaluation(data, limit)
        assert len(page.encode(errors="backslashreplace")) <= limit
        assert packed(page, "packed-blocks")
        assert "problems are not in it" in page


def test_one_set_one_seed_one_arm(tmp_path: Path) -> None:
    out = build_evaluation(tmp_path, sets=1, seeds=[7], arms=[ONLY], subject="")
    page = write_evaluation(out).read_text(encoding="utf-8")
    assert 'id="set-1"' not in page
    assert page.count('id="result"') == 1
    assert "All problem sets" not in page
    assert "One seed: seed noise is not covered" in page
    assert 'name="seed"' not in page
    assert "-differences-figure_1" not in page


ONLY = {"name": "cppo", "model": "tiny", "method": "tuple", "title": "CPPO"}


def test_facts_of_a_named_set_are_shown(evaluation: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(evaluation, tmp_path / "out"))
    whole = json.loads((copy / "results.json").read_text())
    first = next(iter(whole["results"].values()))
    first["problems"] |= {
        "repository": "owner/data", "what": "release_v6, all six files", "revision": "0" * 40,
        "files": [{"name": "test6.jsonl", "bytes": 7}, {"name": "test5.jsonl", "bytes": 8}],
        "first_contest": "2025-01-04", "last_contest": "2025-04-06", "rows": 1055,
        "dropped": {"file-io": {"count": 3, "meaning": "reads files", "examples": ["lcb/1 <b>"]}},
    }  # fmt: skip
    (copy / "results.json").write_text(json.dumps(whole))
    (copy / "numbers" / "results.json").write_text(json.dumps(first))
    page = write_evaluation(copy).read_text(encoding="utf-8")
    for words in (
        "<dd>owner/data, release_v6, all six files</dd>", "<dd>test6.jsonl, test5.jsonl</dd>",
        "<dd>2025-01-04 to 2025-04-06</dd>", "<dd>1\u202f055</dd>", "lcb/1 &lt;b&gt;",
        "numbers.jsonl: left out of the data set, because they give no problem: 3 rows (3 reads files).",
    ):  # fmt: skip
        assert words in page


def test_prompt_tokens_that_nobody_counted_are_a_dash(evaluation: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(evaluation, tmp_path / "out"))
    whole = json.loads((copy / "results.json").read_text())
    first = next(iter(whole["results"].values()))
    for arm in first["arms"]:
        arm["roles"]["solver"]["tokens_in"] = None
    (copy / "results.json").write_text(json.dumps(whole))
    (copy / "numbers" / "results.json").write_text(json.dumps(first))
    page = write_evaluation(copy).read_text(encoding="utf-8")
    rows = cells_of(page, "Tokens by method and role on numbers.jsonl")
    assert rows[1] == ["Direct sampling", "solver", "48", "–", "1\u202f036", "86"]
    assert rows[5][:4] == ["together", "72", "–", "about 1\u202f632"]


def test_a_group_says_what_its_calls_cost_and_where_they_failed(evaluation: Path) -> None:
    data = read_evaluation(evaluation)
    index, *_ = map(json.loads, packed(render_evaluation(data), "packed-index"))
    assert index["sets"][0]["problems"][1][2] == 0
    (block,) = packed(render_evaluation(data), "packed-blocks")
    record = json.loads(block.partition("\n")[0])["records"]["0/numbers/1"]
    direct = record["arms"][0][0]
    assert direct["roles"] == [["solver", 4, 160, 0 + 1 + 64 + 23, 0]]
    assert direct["failed"] == [["program", "empty", 1], ["program", "error", 1]]
    assert [attempt["sign"] for attempt in direct["episodes"][0]["attempts"]][:3] == ["F", "E", "C"]
    assert "program" not in direct["episodes"][0]["attempts"][0]
