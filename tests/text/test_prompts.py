"""What each mode shows the model, and what it must not."""

from __future__ import annotations

import pytest

from cppo.errors import ConfigError
from cppo.text import JUDGE_WORDS, PromptSet, parse_plan, prompt_set
from cppo.text.prompts import COMPACT, FULL, PROMPT_SETS

STATEMENT = "  Given {n} jobs and {0}, print {statement!r} and {{x}}.\n"
SHOWN = "Given {n} jobs and {0}, print {statement!r} and {{x}}."
BOTH = pytest.mark.parametrize("prompts", [FULL, COMPACT], ids=lambda prompts: prompts.name)


@BOTH
def test_braces_in_a_statement_or_method_are_plain_text(prompts: PromptSet) -> None:
    for prompt in (
        prompts.plan(STATEMENT, 4),
        prompts.direct(STATEMENT),
        prompts.solve(STATEMENT, "Use {k} {method}."),
    ):
        assert prompt.text.count(SHOWN) == 1
    assert "Use {k} {method}." in prompts.solve(STATEMENT, "Use {k} {method}.").text
    assert prompts.judge(STATEMENT, "A: {plan}").text.count("A: {plan}") == 1


@BOTH
def test_all_prompts_of_a_problem_share_their_beginning(prompts: PromptSet) -> None:
    texts = [prompts.plan("x y z", 4).text, prompts.direct("x y z").text, prompts.solve("x y z", "m").text]
    heads = {text[: text.index("x y z") + 5] for text in texts}
    assert len(heads) == 1


@BOTH
def test_solve_shows_its_method_and_direct_shows_none(prompts: PromptSet) -> None:
    assert prompts.solve("x", "Sort by deadline.").text.count("Sort by deadline.") == 1
    assert prompts.solve("x", "m1").text != prompts.solve("x", "m2").text
    assert "method" not in prompts.direct("x").text.casefold()


def test_plan_asks_for_k_labelled_lines_in_words() -> None:
    text = FULL.plan("x", 4).text
    assert "Propose four different methods" in text
    assert "A: <method>\nB: <method>\nC: <method>\nD: <method>\n" in text
    assert "E: <method>" not in text
    assert "at most 45 words" in text
    assert "Propose one method for" in FULL.plan("x", 1).text
    assert "Propose 12 different methods" in FULL.plan("x", 12).text


def test_the_form_that_plan_asks_for_is_the_form_that_parses() -> None:
    form = FULL.plan("x", 3).text.split("in this form:\n")[1].split("\n\n")[0]
    filled = form.replace("A: <method>", "A: one").replace("B: <method>", "B: two").replace("C: <method>", "C: three")
    assert parse_plan(filled, 3).methods == ("one", "two", "three")


def test_compact_prompts_letter_by_letter() -> None:
    assert COMPACT.plan("x ", 4).text == "x\nPLAN 4\n"
    assert COMPACT.solve("x", "Sort.").text == "x\nMETHOD Sort.\nCODE\n"
    assert COMPACT.direct("x").text == "x\nCODE\n"
    assert COMPACT.judge("x", " A: y\n").text == "x\nCHECK\nA: y\nVERDICT:"
    assert COMPACT.plan("x", 4).stop == COMPACT.direct("x").stop == ()


def test_programs_open_a_fence_and_stop_where_it_closes() -> None:
    for prompt in (FULL.solve("x", "m"), FULL.direct("x")):
        assert prompt.opening == "```python\n"
        assert prompt.stop == ("\n```",)
    assert FULL.plan("x", 4).opening == ""


@BOTH
def test_judge_parts_join_to_the_judge_prompt(prompts: PromptSet) -> None:
    before, after = prompts.judge_parts(STATEMENT)
    assert f"{before}A: y{after}" == prompts.judge(STATEMENT, "A: y").text
    assert after.endswith(":")
    assert all(word.startswith(" ") for word in JUDGE_WORDS)


def test_sets_are_found_by_name() -> None:
    assert prompt_set("full") is FULL
    assert PROMPT_SETS == {"full": FULL, "compact": COMPACT}
    with pytest.raises(ConfigError, match=r"unknown prompt set 'compct' \(did you mean 'compact'\?\)"):
        prompt_set("compct")
