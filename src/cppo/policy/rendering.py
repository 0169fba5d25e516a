"""From a `Prompt` to token ids, in one place: chat template where the tokenizer has one, plain text otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cppo.text.prompts import Prompt
from cppo.text.thinking import OPENING


@dataclass(frozen=True)
class Rendered:
    """What a model reads: token ids with the opening of `prompt`, the prompt as far as the template leaves it.

    `thinks`: the template has opened a block of thinking, whatever it was asked for. The answer then begins behind the
    block, where nobody but the model can open it: `prompt` has no opening and no stop strings.
    """

    ids: list[int]
    prompt: Prompt
    thinks: bool = False


def rendered(prompt: Prompt, tokenizer: Any, chat: bool) -> Rendered:
    """Return `prompt` as a model of this tokenizer reads it.

    `chat` allows the tokenizer's chat template, asked for an answer without thinking; a tokenizer without one gets the
    plain text, with the beginning-of-sequence token its own configuration asks for.
    """
    if not (chat and getattr(tokenizer, "chat_template", None)):
        return Rendered(list(tokenizer(prompt.text + prompt.opening)["input_ids"]), prompt)
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt.text}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    thinks = text.rstrip().endswith(OPENING)
    if thinks:
        prompt = replace(prompt, opening="", stop=())
    return Rendered(list(tokenizer(text + prompt.opening, add_special_tokens=False)["input_ids"]), prompt, thinks)


def render(prompt: Prompt, tokenizer: Any, chat: bool) -> list[int]:
    """Return the token ids of `rendered`."""
    return rendered(prompt, tokenizer, chat).ids
