"""A local model that thinks: its answer comes without the thinking, as a server's does, and every token is counted."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tiny_policies import Dictated, tiny_model

from cppo.policy.decoding import Decoder
from cppo.policy.engine import Completion, GenerationRequest, StopReason
from cppo.policy.local import LocalEngine
from cppo.policy.rendering import render, rendered
from cppo.text.prompts import Prompt

FENCE = Prompt("Go.", "```python\n", ("\n```",))
PLAIN = "{% for message in messages %}> {{ message['content'] }}\n{% endfor %}"
OPENS = PLAIN + "<think>{{ '\\n' }}"
"""A template of a model that always thinks (DeepSeek-R1, Qwen3-Thinking)."""
HYBRID = PLAIN + "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
"""A template of a model that thinks unless it is told not to (Qwen3)."""


def with_template(tokenizer: Any, template: str | None) -> Any:
    own = deepcopy(tokenizer)
    own.chat_template = template
    return own


def answer(
    text: str, tokenizer: Any, prompt: Prompt = FENCE, template: str | None = None, limit: int = 90
) -> Completion:
    """Return the completion of a model that says `text`."""
    own, model = with_template(tokenizer, template), tiny_model("llama")
    dictated = Dictated(model, own, text, render(prompt, own, chat=True))
    try:
        return LocalEngine(model, own, chat=True).generate([GenerationRequest(prompt, limit, 0.0, 0)])[0]
    finally:
        dictated.handle.remove()


@pytest.mark.parametrize("template", [None, PLAIN, HYBRID])
def test_thinking_is_taken_out_and_counted(tokenizer: Any, template: str | None) -> None:
    text = "<think>a heap\n\nor not</think>\n\nA: heap"
    said = answer(text, tokenizer, Prompt("Go."), template)
    assert (said.text, said.stop_reason) == ("A: heap", StopReason.END)
    assert said.tokens_out == len(said.token_ids) == len(tokenizer(text)["input_ids"]) + 1
    assert tokenizer.decode(said.token_ids[:-1]) == text  # what was generated is what is trained on


def test_thinking_that_its_limit_cut_is_no_answer(tokenizer: Any) -> None:
    said = answer("<think>a heap, or a queue, or a stack", tokenizer, Prompt("Go."), limit=8)
    assert (said.text, said.stop_reason, said.tokens_out) == ("", StopReason.LENGTH, 8)


def test_within_the_code_block_that_the_opening_begins_marks_are_the_program_s_own(tokenizer: Any) -> None:
    program = "print('<think>')\nprint('</think>')"
    said = answer(program + "\n```\nDone", tokenizer)
    assert (said.text, said.stop_reason) == (f"```python\n{program}", StopReason.STOP)


def test_a_template_that_opens_the_thinking_leaves_opening_and_stop_strings_to_the_answer(tokenizer: Any) -> None:
    read = rendered(FENCE, with_template(tokenizer, OPENS), chat=True)
    assert tokenizer.decode(read.ids) == "> Go.\n<think>\n"
    assert (read.thinks, read.prompt) == (True, Prompt("Go."))
    text = "draft:\n```python\nx\n```\nno</think>```python\ny = 1\n```"
    said = answer(text, tokenizer, FENCE, OPENS)
    assert (said.text, said.stop_reason) == ("```python\ny = 1\n```", StopReason.END)
    assert said.tokens_out == len(tokenizer(text)["input_ids"]) + 1


def test_what_follows_an_opened_block_and_is_cut_is_thinking(tokenizer: Any) -> None:
    said = answer("a heap, or a queue, or a stack", tokenizer, Prompt("Go."), OPENS, limit=8)
    assert (said.text, said.stop_reason) == ("", StopReason.LENGTH)


def test_a_model_that_learnt_to_answer_at_once_has_answered(tokenizer: Any) -> None:
    said = answer("A: heap", tokenizer, Prompt("Go."), OPENS)
    assert (said.text, said.stop_reason) == ("A: heap", StopReason.END)


@pytest.mark.parametrize(
    ("template", "opening"), [(None, "```python\n"), (PLAIN, "```python\n"), (HYBRID, "```python\n")]
)
def test_other_templates_keep_the_opening(tokenizer: Any, template: str | None, opening: str) -> None:
    read = rendered(FENCE, with_template(tokenizer, template), chat=True)
    assert (read.thinks, read.prompt) == (False, FENCE)
    assert tokenizer.decode(read.ids).endswith(opening)


def test_a_statement_that_ends_in_the_mark_opens_nothing(tokenizer: Any) -> None:
    assert not rendered(Prompt("Print <think>"), tokenizer, chat=True).thinks
    assert not rendered(Prompt("Print <think>"), with_template(tokenizer, HYBRID), chat=True).thinks


def test_marks_that_a_tokenizer_calls_special_stay_in_the_text(tokenizer: Any) -> None:
    own = deepcopy(tokenizer)
    own.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]}, replace_extra_special_tokens=False)
    tokens = own("<think>a heap</think>A: heap")["input_ids"] + [own.eos_token_id]
    assert own.decode(tokens, skip_special_tokens=True) == "a heapA: heap"
    assert Decoder(own)(tokens) == "<think>a heap</think>A: heap"
    assert Decoder(own)([]) == ""
    assert Decoder(tokenizer)(tokenizer("x")["input_ids"] + [tokenizer.eos_token_id]) == "x"
