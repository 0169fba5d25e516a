"""The browser of episodes in a browser: filters, search, keys, what is inside a problem, quiet and no wider than the
window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from chromium import NEEDED, open_page
from synthetic_evaluation import OTHERS, UNICODE, build_evaluation
from synthetic_run import HOSTILE

from cppo.report import write_evaluation
from cppo.report.evaluation_inputs import read_evaluation
from cppo.report.evaluation_page import render_evaluation

pytestmark = NEEDED
# mypy does not check tests; Playwright's objects stay untyped here.


def opened(browser, page: Path, width: int = 1200, scheme: str = "light"):  # type: ignore[no-untyped-def]
    tab, said = open_page(browser, page, width, scheme)
    tab.locator("#problems .row").first.wait_for()
    return tab, said


def choose(tab, name: str, label: str) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#filters label", has_text=re.compile(f"^{name}")).locator("select").select_option(label=label)
    settled(tab)


def search(tab, text: str) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#filters").get_by_label("Text").fill(text)
    tab.wait_for_timeout(150)  # the page waits for another key
    settled(tab)


def settled(tab) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#problems:not([aria-busy])").wait_for(state="attached")


def listed(tab) -> list[str]:  # type: ignore[no-untyped-def]
    return tab.locator("#problems .name").all_text_contents()  # those out of sight are not laid out


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_quiet_and_no_wider_than_the_window(browser, evaluation_page: Path, width: int, scheme: str) -> None:  # type: ignore[no-untyped-def]
    tab, said = opened(browser, evaluation_page, width, scheme)
    for row in tab.locator("#problems .row").all():
        row.click()
    tab.locator("#inside-5 .attempts").first.wait_for()
    tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("window.hostile") is None
    assert tab.locator("main img").count() == 0
    ink, paper = tab.evaluate("['color', 'backgroundColor'].map((k) => getComputedStyle(document.body)[k])")
    light = sum(map(int, paper.strip("rgb()").split(",")[:3])) > sum(map(int, ink.strip("rgb()").split(",")[:3]))
    assert light == (scheme == "light")
    assert said == []


def test_a_strip_has_a_letter_and_a_word_for_every_attempt(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, _ = opened(browser, evaluation_page)
    direct, _, cppo = tab.locator("#row-1 .strip").all()
    assert direct.locator(".cell").all_text_contents()[:3] == ["F", "E", "C"]
    assert direct.get_attribute("role") == "img"
    assert "2 call failed" in (direct.get_attribute("aria-label") or "")
    assert tab.locator("#row-2 .strip").nth(2).locator(".cells").first.text_content() == "FF"
    assert cppo.locator(".cells").count() == 4  # two tuples with each of two seeds
    legend = tab.locator("#legend div").all_inner_texts()
    assert [text.split()[0] for text in legend] == ["A", "W", "T", "R", "C", "E", "P", "F"]
    colours = {
        cell.evaluate("(e) => getComputedStyle(e).backgroundColor") for cell in tab.locator("#legend .cell").all()
    }
    assert len(colours) == 8


def test_filters_by_set_method_seed_and_verdict(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, said = opened(browser, evaluation_page)
    assert tab.locator("#found").inner_text() == "6 of 6 problems"
    choose(tab, "Verdict", "P: plan did not parse")
    assert listed(tab) == ["numbers/2"]
    choose(tab, "Seed", "0")
    assert listed(tab) == []
    assert tab.locator("#found").inner_text() == "no problem fits these filters"
    choose(tab, "Seed", "7")
    choose(tab, "Method", "Direct sampling")
    assert listed(tab) == []
    choose(tab, "Verdict", "E: no program")
    assert listed(tab) == ["numbers/1"]
    assert tab.locator("#row-1 .strip").count() == 1
    choose(tab, "Problem set", "words.jsonl")
    assert listed(tab) == ["words/1"]
    choose(tab, "Verdict", "any")
    assert tab.locator("#found").inner_text() == "5 of 5 problems"
    assert said == []


def test_filters_by_who_solved_it(browser, evaluation_page: Path, evaluation: Path) -> None:  # type: ignore[no-untyped-def]
    numbers = read_evaluation(evaluation).sets[0]

    def solved(arm: str, seeds: tuple[int, ...] = (0, 7)) -> set[str]:
        return {e.problem_id for seed in seeds for e in numbers.episodes[seed][arm] if e.passed}

    tab, _ = opened(browser, evaluation_page)
    everyone = {problem.id for problem in numbers.problems}
    choose(tab, "Solved", "by CPPO, not by Direct sampling")
    ahead = solved("cppo") - solved("direct")
    assert set(listed(tab)) == ahead != set()
    choose(tab, "Method", "CPPO")  # what is shown, not who is compared
    assert set(listed(tab)) == ahead
    choose(tab, "Solved", "by Direct sampling, not by CPPO")
    assert set(listed(tab)) == solved("direct") - solved("cppo")
    choose(tab, "Seed", "0")
    assert set(listed(tab)) == solved("direct", (0,)) - solved("cppo", (0,))
    choose(tab, "Solved", "by every method")
    assert set(listed(tab)) == solved("direct", (0,)) & solved("cppo", (0,)) & solved("search", (0,))
    choose(tab, "Solved", "by no method")
    assert set(listed(tab)) == everyone - solved("direct", (0,)) - solved("cppo", (0,)) - solved("search", (0,))


def test_texts_are_searched_as_far_as_they_are_shown(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, said = opened(browser, evaluation_page)
    search(tab, "NUMBERS/4")
    assert listed(tab) == ["numbers/4"]
    search(tab, "the number 3 of")  # statement
    assert listed(tab) == ["numbers/3"]
    search(tab, "straße, 数 😀 \\UD800")  # any case, beyond 16 bits, behind a letter that grows in lower case
    assert len(listed(tab)) == 6  # a method of the search arm
    choose(tab, "Method", "CPPO")
    assert listed(tab) == ["numbers/1"]  # the statement
    choose(tab, "Method", "all")
    search(tab, "by direct")  # programs
    assert listed(tab) == [f"numbers/{i}" for i in (0, 1, 2, 3, 5)]
    search(tab, "onerror='window.hostile")
    assert listed(tab) == ["numbers/0", "numbers/1", "numbers/2"]
    choose(tab, "Seed", "0")
    assert listed(tab) == ["numbers/0", "numbers/1", "numbers/2"]  # in 2 the starter code
    search(tab, "a: the same")  # a plan that did not parse, with seed 7
    assert listed(tab) == []
    choose(tab, "Seed", "7")
    assert listed(tab) == ["numbers/2"]
    search(tab, "no such words")
    assert listed(tab) == []
    search(tab, "")
    assert len(listed(tab)) == 6
    assert said == []


def test_a_match_lies_within_one_text(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, _ = opened(browser, evaluation_page)
    found = tab.evaluate(
        """() => {
          const texts = ["abc", "İx", "cab", "x😀", "😀y (1.5*z) [^a] {2} \\\\d $/|+?-#&~ 數"];
          const head = JSON.stringify({records: {}, lengths: texts.map((text) => text.length)});
          const block = new Block(`${head}\\n${texts.join("")}`);
          const hits = (needle) => {
            const found = [];
            block.search(patternOf(needle, "g"), (i) => found.push(i));
            return found;
          };
          const asked = ["C", "ab", "ci", "X", "xc", "İX", "😀", "X😀", "😀😀", "a.", "b|x"];
          return [...asked, "1.5*Z) [^A] {2} \\\\D $/|+?-#&~ 數"].map(hits);
        }"""
    )
    assert found == [[0, 2], [0, 2], [], [1, 3], [], [1], [3, 4], [3], [], [], [], [4]]


def test_a_problem_opens_to_everything_about_it(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, said = opened(browser, evaluation_page)
    tab.locator("#row-2").click()
    inside = tab.locator("#inside-2")
    inside.locator(".attempts").first.wait_for()
    assert inside.locator("blockquote").inner_text() == "Print the number 2 of numbers."
    assert HOSTILE in (inside.locator("details", has_text="Starter code").text_content() or "")
    assert inside.locator("h4").all_inner_texts() == ["Direct sampling", f"PlanSearch {HOSTILE}", "CPPO"]
    cppo = inside.locator(".arm").nth(2)
    assert cppo.locator("h5").all_inner_texts() == ["Seed 0", "Seed 7"]
    assert "1 call failed: plan, error" in cppo.inner_text()
    assert f"the call for the plan failed the server hung up {HOSTILE}" in cppo.inner_text()
    assert "plan did not parse: duplicate" in cppo.inner_text()
    assert f"B: the same {HOSTILE}" in cppo.inner_text()  # open, because there is nothing else
    assert "planner: 2 calls, 100 tokens in, 12 out · solver: 2 calls, 110 tokens in, 45 out" in cppo.inner_text()
    assert cppo.locator(".attempts li").count() == 4
    slot = cppo.locator(".attempts li").first
    assert slot.locator("b").inner_text() == "Slot 1"
    assert slot.locator(".method").inner_text() == "Say the number at once "
    assert "by cppo" in slot.locator("pre").inner_text()
    tab.locator("#row-1").click()
    direct = tab.locator("#inside-1 .arm").first
    direct.locator(".attempts").first.wait_for()
    failed, empty, cut = direct.locator(".attempts li").all()[:3]
    assert "no answer · call failed" in failed.inner_text()
    assert f"the server said no {HOSTILE}" in failed.inner_text()
    assert empty.locator("pre").inner_text() == "(no program)"
    assert "64 tokens, cut at the token limit" in cut.inner_text()
    assert UNICODE.replace("\ud800", "\\ud800") in tab.locator("#inside-1 blockquote").inner_text()
    tab.locator("#row-5").click()
    tab.locator("#inside-5 .attempts").first.wait_for()
    assert "observe: 1 call, about 60 tokens in, 30 out · sketch: 1 call, 80 tokens" in tab.inner_text("#inside-5")
    tab.locator("#row-3").click()
    tab.locator("#inside-3 .badge.warn", has_text="few combinations").first.wait_for()
    assert tab.evaluate("window.hostile") is None
    assert said == []


def test_attempts_with_plans_of_their_own_and_groups_without_plans(browser, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page = write_evaluation(build_evaluation(tmp_path, sets=1, seeds=[0], arms=OTHERS))
    tab, said = opened(browser, page)
    single, skills = tab.locator("#row-0 .strip").all()
    assert (single.locator(".cells").count(), skills.locator(".cells").count()) == (1, 2)
    assert single.locator(".cell").all_text_contents()[1] == "P"
    tab.locator("#row-0").click()
    tab.locator("#inside-0 .attempts").first.wait_for()
    cards = tab.locator("#inside-0 .arm").first.locator(".attempts > li")
    assert [card.locator("b").inner_text() for card in cards.all()] == [f"Program {i}" for i in (1, 2, 3, 4)]
    assert "plan did not parse: unlabelled" in cards.nth(1).inner_text()
    assert cards.nth(1).locator("details[open] pre").inner_text() == "what?"
    assert cards.nth(2).locator("details:not([open]) pre").text_content() == "A: Way 2"
    assert cards.nth(2).locator(".method").inner_text() == "Way 2"
    groups = tab.locator("#inside-0 .arm").nth(1)
    assert groups.locator(".plan b").all_inner_texts() == ["Group 1", "Group 2"]
    assert groups.locator(".method").all_inner_texts() == ["skill 1", "skill 2"] * 2
    assert said == []


def test_keys(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, said = opened(browser, evaluation_page)
    focused = "document.activeElement.id"
    tab.keyboard.press("j")
    assert tab.evaluate(focused) == "row-0"
    tab.keyboard.press("j")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("k")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowUp")
    assert tab.evaluate(focused) == "row-1"
    assert tab.locator("#row-1").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    assert tab.locator("#row-1").get_attribute("tabindex") == "0"
    assert tab.locator("#problems [tabindex='0'].row").count() == 1
    tab.keyboard.press("Enter")
    tab.locator("#inside-1 .attempts").first.wait_for()
    assert tab.locator("#row-1").get_attribute("aria-expanded") == "true"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "BLOCKQUOTE"
    tab.keyboard.press("j")
    assert tab.evaluate(focused) == "row-2"
    tab.keyboard.press("k")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    assert tab.evaluate(focused) == "row-1"
    assert tab.locator("#inside-1").is_hidden()
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.name") == "text"
    tab.keyboard.type("the number 5 of numbers/jk")
    assert tab.locator("#filters").get_by_label("Text").input_value() == "the number 5 of numbers/jk"
    for _ in range(len(" numbers/jk")):
        tab.keyboard.press("Backspace")
    tab.keyboard.press("Enter")
    tab.locator("#row-5:focus").wait_for()
    assert listed(tab) == ["numbers/5"]
    assert said == []


def test_single_keys_can_be_turned_off(browser, evaluation_page: Path) -> None:  # type: ignore[no-untyped-def]
    tab, _ = opened(browser, evaluation_page)
    tab.locator("#single-keys").uncheck()
    tab.keyboard.press("j")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "single-keys"
    tab.locator("#row-0").focus()
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.id") == "row-1"


def test_a_problem_that_was_left_out_says_so(browser, evaluation: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page = tmp_path / "small.html"
    page.write_text(render_evaluation(read_evaluation(evaluation), 1000), encoding="utf-8", errors="backslashreplace")
    tab, said = opened(browser, page)
    tab.locator("#row-0").click()
    tab.locator("#inside-0 .missing").wait_for()
    search(tab, "numbers/3")
    assert listed(tab) == ["numbers/3"]
    search(tab, "print")
    assert listed(tab) == []
    assert said == []


def test_a_page_that_was_cut_off_says_so(browser, evaluation_page: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = evaluation_page.read_text(encoding="utf-8")
    page = tmp_path / "cut.html"
    page.write_text(text[: text.index('id="packed-blocks">') + 500], encoding="utf-8")
    tab, _ = open_page(browser, page, 1200)
    tab.locator("#trouble:visible").wait_for()
    assert "cut off or damaged" in tab.locator("#trouble").inner_text()
    assert tab.locator("#problems .row").count() == 6


def test_long_lists_come_in_pages(browser, evaluation_page: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = evaluation_page.read_text(encoding="utf-8")
    assert text.count("const PAGE = 50;") == 1
    small = text.replace("const PAGE = 50;", "const PAGE = 4;")
    page = tmp_path / "paged.html"
    start = small.index("script-src 'sha256-")
    end = small.index(";", start)
    page.write_text(small[:start] + "script-src 'unsafe-inline'" + small[end:], encoding="utf-8")
    tab, said = opened(browser, page)
    assert len(listed(tab)) == 4
    for _ in range(5):
        tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.id") == "row-4"
    assert len(listed(tab)) == 6
    assert tab.locator("#more").is_hidden()
    choose(tab, "Verdict", "any")
    search(tab, "print")
    assert len(listed(tab)) == 4
    tab.locator("#more").click()
    assert tab.evaluate("document.activeElement.id") == "row-4"
    assert said == []
