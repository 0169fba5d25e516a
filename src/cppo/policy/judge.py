"""The plan-validity model ψ at work: p_ψ(Pass | x, S) and the gate J_ψ = 1[p >= τ] (arXiv 2605.27000, the gate).

The score is the probability of the word Pass against the word Fail at the last real token of the judge prompt. When a
prompt is too long, the end of the plan is cut and the answer surface is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cppo.errors import ModelError
from cppo.files import read_json, write_json
from cppo.policy.local import inference
from cppo.policy.padding import left_pad, positions_of
from cppo.text.prompts import JUDGE_WORDS, PromptSet

JUDGE_FILE = "judge.json"


class PlanJudge:
    """Scores plans. `tau` is the gate's threshold; `max_length` the longest judge prompt in tokens."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        prompts: PromptSet,
        *,
        tau: float,
        max_length: int = 1024,
        batch: int = 128,
    ) -> None:
        if not 0 <= tau <= 1:
            raise ModelError(f"τ is {tau}; a threshold on a probability lies in [0, 1]")
        self.model, self.tokenizer, self.prompts = model, tokenizer, prompts
        self.tau, self.max_length, self.batch = tau, max_length, batch
        self.pass_id, self.fail_id = verbaliser_ids(tokenizer, prompts)
        surface = len(tokenizer(prompts.judge_parts("")[1], add_special_tokens=False)["input_ids"])
        if max_length <= surface:
            raise ModelError(
                f"max_length is {max_length}, but the question that closes a judge prompt has {surface} tokens; "
                "raise it, so that plan and problem fit in"
            )

    def scores(self, items: Sequence[tuple[str, str]]) -> np.ndarray:
        """Return p_ψ(Pass) for every `(statement, plan text)`, shape [n]."""
        encoded = [judge_ids(self.tokenizer, self.prompts, x, plan, self.max_length) for x, plan in items]
        order = sorted(range(len(items)), key=lambda i: len(encoded[i]))
        result = np.zeros(len(items))
        device = next(self.model.parameters()).device
        with inference(self.model):
            for start in range(0, len(order), self.batch):
                chosen = order[start : start + self.batch]
                ids, mask = left_pad([encoded[i] for i in chosen], self.tokenizer.pad_token_id)
                logits = last_logits(self.model, ids.to(device), mask.to(device))
                result[chosen] = torch.sigmoid(self.margin(logits)).cpu().numpy()
        return result

    def margin(self, logits: torch.Tensor) -> torch.Tensor:
        """Return logit(Pass) − logit(Fail), [n]: its sigmoid is the softmax over the two verbaliser logits."""
        # Not in half precision: there, scores near τ would be steps of a thousandth.
        return logits[:, self.pass_id].float() - logits[:, self.fail_id].float()

    def save(self, directory: Path, extra: dict[str, Any]) -> None:
        """Write τ, the length limit and `extra` (the acceptance report) beside the weights."""
        write_json(directory / JUDGE_FILE, {"tau": self.tau, "max_length": self.max_length, **extra})


def load_judge(directory: Path, prompts: PromptSet, dtype: str, device: str) -> PlanJudge:
    """Load a trained validity model with its τ. Raises `ModelError` when there is none or its facts are damaged."""
    from cppo.policy.loading import load_model, load_tokenizer

    if not (directory / JUDGE_FILE).exists():
        raise ModelError(
            f"there is no validity model in {directory}; if the stage is marked complete, "
            "delete its directory; then run it (cppo validity RECIPE)"
        )
    facts = read_json(directory / JUDGE_FILE)
    try:
        tau, max_length = float(facts["tau"]), int(facts["max_length"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{directory / JUDGE_FILE} has no usable tau and max_length ({error!r}); run the validity stage again"
        ) from error
    model = load_model(directory, dtype, device)
    return PlanJudge(model, load_tokenizer(directory), prompts, tau=tau, max_length=max_length)


def last_logits(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the logits after the last token of left-padded rows, [n, vocabulary]."""
    output = model(
        input_ids=ids, attention_mask=mask, position_ids=positions_of(mask), use_cache=False, logits_to_keep=1
    )
    logits: torch.Tensor = output.logits[:, -1]
    return logits


def judge_ids(tokenizer: Any, prompts: PromptSet, statement: str, plan: str, max_length: int) -> list[int]:
    """Return the judge prompt's token ids, at most `max_length`: the plan's end is cut first, then the statement's
    start; the answer surface at the end is always kept."""
    text = prompts.judge(statement, plan).text
    ids: list[int] = tokenizer(text)["input_ids"]
    if len(ids) <= max_length:
        return ids
    before, after = prompts.judge_parts(statement)
    tail = tokenizer(after, add_special_tokens=False)["input_ids"]
    head = tokenizer(before)["input_ids"]
    middle = tokenizer(plan.strip(), add_special_tokens=False)["input_ids"]
    room = max_length - len(tail)
    head = head[-room:] if room > 0 else []
    middle = middle[: max(0, room - len(head))]
    return [*head, *middle, *tail][-max_length:]


def verbaliser_ids(tokenizer: Any, prompts: PromptSet) -> tuple[int, int]:
    """Return the ids of Pass and Fail after checking that each is one token that appends cleanly to the prompt.

    Raises `ModelError` naming the word otherwise.
    """
    stem = prompts.judge("x", "A: y").text
    base = tokenizer(stem)["input_ids"]
    ids = []
    for word in JUDGE_WORDS:
        full = tokenizer(stem + word)["input_ids"]
        if full[:-1] != base or len(full) != len(base) + 1:
            raise ModelError(
                f"the judge word {word!r} is not one token that appends cleanly to the judge prompt with this "
                "tokenizer; use a model of another family for the validity model"
            )
        ids.append(full[-1])
    return ids[0], ids[1]
