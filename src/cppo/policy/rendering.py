"""From a `Prompt` to token ids, in one place: chat template where the tokenizer has one, plain text otherwise."""

from __future__ import annotations

from typing import Any

from cppo.text.prompts import Prompt


def render(prompt: Prompt, tokenizer: Any, chat: bool) -> list[int]:
    """Return the token ids of `prompt` with its opening.

    `chat` allows the tokenizer's chat template; a tokenizer without one gets the plain text, with the beginning-of-
    sequence token its own configuration asks for.
    """
    if chat and getattr(tokenizer, "chat_template", None):
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt.text}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return list(tokenizer(text + prompt.opening, add_special_tokens=False)["input_ids"])
    return list(tokenizer(prompt.text + prompt.opening)["input_ids"])
