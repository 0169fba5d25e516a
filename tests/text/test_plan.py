"""The plan parser: what it looks through, what it refuses, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.text import LABELS, PlanFault, PlanFormatError, StrategyTuple, format_plan, normalise_method, parse_plan
from cppo.text.plan import MAX_METHOD_WORDS

FOUR = ("Sort by deadline", "Keep a heap of open jobs.", "Search every order", "Binary search the answer: try each day")
PLAIN = "\n".join(f"{label}: {method}" for label, method in zip("ABCD", FOUR, strict=True))

WORD = st.text(st.sampled_from("abcdefgXYZ019é,;:()[]<>=+-/'\"`_. "), min_size=1, max_size=12)
METHOD = st.lists(WORD, min_size=1, max_size=12).map(lambda words: " ".join(" ".join(words).split()))


def is_method(text: str) -> bool:
    decorated = text.endswith(("**", "__")) or "```" in text
    return bool(normalise_method(text)) and not decorated and len(text.split()) <= MAX_METHOD_WORDS


def fault_of(text: str, k: int = 4) -> PlanFault:
    with pytest.raises(PlanFormatError) as caught:
        parse_plan(text, k)
    return caught.value.fault


@given(st.lists(METHOD.filter(is_method), min_size=1, max_size=26, unique_by=normalise_method))
def test_parsing_undoes_formatting(methods: list[str]) -> None:
    assert parse_plan(format_plan(methods), len(methods)) == StrategyTuple(tuple(methods))


def test_format_is_one_labelled_line_a_method() -> None:
    assert format_plan(["first", "second"]) == "A: first\nB: second"
    assert len(parse_plan(PLAIN, 4)) == 4
    for count in (0, 27):
        with pytest.raises(PlanFormatError, match=f"1 to 26 methods, given {count}"):
            format_plan(["x"] * count)


@pytest.mark.parametrize(
    "line",
    [
        "{label}: {method}",
        "{label}. {method}",
        "{label}) {method}",
        "{label} : {method}",
        "{label}:\t  {method}  ",
        "- {label}: {method}",
        "* {label}: {method}",
        "• {label}) {method}",
        "+ **{label}:** {method}",
        "**{label}:** {method}",
        "**{label}**: {method}",
        "**{label}: {method}**",
        "__{label}:__ {method}",
        "__{label}: {method}__",
        "{label}: **{method}**",
        "Method {label}: {method}",
        "**Method {label}:** {method}",
        "   {label}: {method}",
    ],
)
def test_decorations_are_looked_through(line: str) -> None:
    text = "\n".join(line.format(label=label, method=method) for label, method in zip("ABCD", FOUR, strict=True))
    for whole in (
        text,
        text.replace("\n", "\n\n  \n"),
        f"\n\n{text}\n",
        text.replace("\n", "\r\n"),
        f"```\n{text}\n```",
    ):
        assert parse_plan(whole, 4).methods == FOUR


@pytest.mark.parametrize("fence", ["```", "```text", "```plan-4  "])
def test_a_fence_around_the_whole_is_looked_through(fence: str) -> None:
    assert parse_plan(f"{fence}\n{PLAIN}\n```\n", 4).methods == FOUR


def test_bold_words_inside_a_method_stay() -> None:
    text = "A: **Sort** by **deadline**\nB: call __init__ of __heap__\nC: **Sort** twice\nD: x"
    assert parse_plan(text, 4).methods == (
        "**Sort** by **deadline**",
        "call __init__ of __heap__",
        "**Sort** twice",
        "x",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", PlanFault.EMPTY),
        (" \n\t\n", PlanFault.EMPTY),
        ("```\n\n```", PlanFault.EMPTY),
        (f"Here are four methods:\n{PLAIN}", PlanFault.UNLABELLED),
        (f"{PLAIN}\nThese are all different.", PlanFault.UNLABELLED),
        (PLAIN.replace("\nC:", "\nand then\nC:"), PlanFault.UNLABELLED),
        (f"```\n{PLAIN}\n```\nDone.", PlanFault.UNLABELLED),
        ("1. one\n2. two\n3. three\n4. four", PlanFault.UNLABELLED),
        (PLAIN.replace("A:", "a:"), PlanFault.UNLABELLED),
        ("A plan: sort\nB: x\nC: y\nD: z", PlanFault.UNLABELLED),
        ("A.B: one\nB: x\nC: y\nD: z", PlanFault.UNLABELLED),
        (PLAIN.replace("A:", "E:"), PlanFault.ORDER),
        (PLAIN.replace("C:", "B:"), PlanFault.ORDER),
        ("B: two\nA: one\nC: three\nD: four", PlanFault.ORDER),
        ("\n".join(PLAIN.split("\n")[:3]), PlanFault.COUNT),
        (f"{PLAIN}\nE: one more", PlanFault.COUNT),
        (f"{PLAIN}\n{PLAIN}", PlanFault.ORDER),
        (PLAIN.replace(FOUR[1], ""), PlanFault.BLANK),
        (PLAIN.replace(FOUR[1], " ... "), PlanFault.BLANK),
        (PLAIN.replace(FOUR[1], "****"), PlanFault.BLANK),
        (PLAIN.replace(FOUR[2], "run ```print(1)```"), PlanFault.CODE),
        (PLAIN.replace(FOUR[2], "word " * 46), PlanFault.LONG),
        (PLAIN.replace(FOUR[3], FOUR[0]), PlanFault.DUPLICATE),
        (PLAIN.replace(FOUR[3], "  SORT  by\tDeadline. "), PlanFault.DUPLICATE),
        (PLAIN.replace(FOUR[3], "**Sort by deadline;**"), PlanFault.DUPLICATE),
    ],
)
def test_every_fault_has_its_name(text: str, fault: PlanFault) -> None:
    assert fault_of(text) is fault


def test_messages_name_line_and_rule() -> None:
    with pytest.raises(PlanFormatError, match=r"line 3 is labelled 'D:'; expected 'C:'"):
        parse_plan("A: x\nB: y\nD: z\nC: w", 4)
    with pytest.raises(PlanFormatError, match=r"method B has 46 words; at most 45"):
        parse_plan(f"A: x\nB: {'word ' * 46}", 2)
    with pytest.raises(PlanFormatError, match=r"methods A and C are the same"):
        parse_plan("A: x\nB: y\nC: X.", 3)
    with pytest.raises(PlanFormatError, match=r"has 2 methods; exactly 3 are asked for"):
        parse_plan("A: x\nB: y", 3)


def test_forty_five_words_are_allowed() -> None:
    longest = " ".join(["word"] * 45)
    assert parse_plan(f"A: {longest}", 1).methods == (longest,)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 26])
def test_exactly_k_methods(k: int) -> None:
    def plan(count: int) -> str:
        return "\n".join(f"{LABELS[i]}: method {i}" for i in range(count))

    assert len(parse_plan(plan(k), k)) == k
    if k > 1:
        assert fault_of(plan(k - 1), k) is PlanFault.COUNT
    if k < 26:
        assert fault_of(plan(k + 1), k) is PlanFault.COUNT


@pytest.mark.parametrize("extra", ["Z: again", "A: again", "no label"])
def test_a_line_after_the_last_label_is_a_fault_like_any_other(extra: str) -> None:
    plan = "\n".join(f"{label}: method {label}" for label in LABELS)
    assert fault_of(f"{plan}\n{extra}", 26) in (PlanFault.ORDER, PlanFault.UNLABELLED)


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(
            [*"ABCDE", ":", ".", ")", "**", "__", "- ", "\n", " ", "```", "Method ", "x", "\u2028", "\x0c"]
        ),
        max_size=40,
    ).map("".join),
    st.integers(0, 30),
)
def test_any_text_is_a_tuple_of_k_or_a_plan_format_error(text: str, k: int) -> None:
    try:
        parsed = parse_plan(text, k)
    except PlanFormatError as error:
        assert error.fault in PlanFault  # noqa: PT017 (any text must end in one of two ways)
        return
    assert len(parsed) == k
    assert len({normalise_method(method) for method in parsed.methods}) == k
    assert all(normalise_method(method) and len(method.split()) <= MAX_METHOD_WORDS for method in parsed.methods)


def test_normalisation_ignores_case_spacing_and_closing_punctuation() -> None:
    assert normalise_method("  Sort\tby  DEADLINE!. ") == "sort by deadline"
    assert normalise_method("Straße") == normalise_method("STRASSE")
    assert normalise_method("sort(a)") != normalise_method("sort(b)")
