"""The plan-validity score against a softmax worked out directly, and what is cut from an over-long prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_policies import TEXTS, tiny_model, tiny_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from cppo.errors import ModelError
from cppo.policy.judge import JUDGE_FILE, PlanJudge, judge_ids, load_judge, verbaliser_ids
from cppo.policy.loading import save_policy
from cppo.text.prompts import COMPACT, JUDGE_WORDS

ITEMS = [
    ("Schedule the jobs.", "A: Sort by deadline.\nB: Search every order."),
    ("x", "A: y"),
    ("Schedule the jobs so that the last one ends first.", "A: Keep a heap of open jobs."),
    ("x", ""),
]


def judge_of(architecture: str = "llama", **keywords: Any) -> PlanJudge:
    return PlanJudge(tiny_model(architecture), tiny_tokenizer(), COMPACT, **{"tau": 0.17, **keywords})


def test_scores_are_the_softmax_over_the_two_words(architecture: str) -> None:
    judge, tokenizer = judge_of(architecture), tiny_tokenizer()
    words = [tokenizer(word)["input_ids"][0] for word in JUDGE_WORDS]
    expected = []
    for statement, plan in ITEMS:
        ids = tokenizer(f"{statement}\nCHECK\n{plan}\nVERDICT:")["input_ids"]
        with torch.no_grad():
            logits = judge.model(torch.tensor([ids])).logits[0, -1]
        expected.append(float(torch.softmax(logits[words], -1)[0]))
    scores = judge.scores(ITEMS)
    assert scores == pytest.approx(expected, abs=1e-6)
    assert len({round(score, 3) for score in expected}) > 1


def test_order_and_batch_do_not_change_scores(architecture: str) -> None:
    scores = judge_of(architecture).scores(ITEMS)
    backwards = judge_of(architecture, batch=1).scores(ITEMS[::-1])[::-1]
    assert backwards == pytest.approx(scores, abs=1e-6)
    assert judge_of(architecture, batch=3).scores(ITEMS) == pytest.approx(scores, abs=1e-6)
    assert judge_of(architecture).scores([]).shape == (0,)


def test_margin_is_not_taken_in_half_precision() -> None:
    judge = judge_of()
    logits = torch.zeros(1, 400, dtype=torch.bfloat16)
    logits[0, judge.pass_id], logits[0, judge.fail_id] = 16.0, 17.0078125
    assert judge.margin(logits).dtype is torch.float32
    assert float(judge.margin(logits)) == -1.0


def test_the_plan_is_cut_first_and_the_answer_surface_kept(tokenizer: Any) -> None:
    statement, plan = "Schedule the jobs.", "A: 1 2 3 4 5 6 7 8 9\nB: 9 8 7 6 5 4 3 2 1"
    whole = tokenizer(f"{statement}\nCHECK\n{plan}\nVERDICT:")["input_ids"]
    head = tokenizer(f"{statement}\nCHECK\n")["input_ids"]
    tail = tokenizer("\nVERDICT:")["input_ids"]
    assert judge_ids(tokenizer, COMPACT, statement, plan, len(whole)) == whole
    for limit in range(len(tail) + 1, len(whole)):
        ids = judge_ids(tokenizer, COMPACT, statement, plan, limit)
        assert len(ids) == limit
        assert ids[-len(tail) :] == tail
        room = limit - len(tail)
        kept = tokenizer.decode(ids[:room])
        if room >= len(head):
            assert ids[: len(head)] == head
            assert plan.startswith(kept.removeprefix(f"{statement}\nCHECK\n"))
        else:
            assert ids[:room] == head[-room:]


def byte_tokenizer() -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=257, special_tokens=["<end>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")


def test_a_tokenizer_that_splits_the_words_is_refused(tokenizer: Any) -> None:
    assert verbaliser_ids(tokenizer, COMPACT) == tuple(tokenizer(word)["input_ids"][0] for word in JUDGE_WORDS)
    with pytest.raises(ModelError, match=r"judge word ' Pass' is not one token"):
        verbaliser_ids(byte_tokenizer(), COMPACT)


def test_limits_that_cannot_work_are_refused() -> None:
    for tau in (-0.1, 1.1, float("nan")):
        with pytest.raises(ModelError, match="threshold"):
            judge_of(tau=tau)
    with pytest.raises(ModelError, match="max_length is 3"):
        judge_of(max_length=3)


def test_a_saved_judge_scores_the_same(tmp_path: Path) -> None:
    model, tokenizer = tiny_model("llama", torch.float32), tiny_tokenizer()
    judge = PlanJudge(model, tokenizer, COMPACT, tau=0.25, max_length=64)
    save_policy(model, tokenizer, tmp_path / "judge")
    judge.save(tmp_path / "judge", {"auc": 0.9})
    loaded = load_judge(tmp_path / "judge", COMPACT, "float32", "cpu")
    assert (loaded.tau, loaded.max_length) == (0.25, 64)
    assert np.array_equal(loaded.scores(ITEMS), judge.scores(ITEMS))


def test_a_missing_or_damaged_judge_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"no validity model in {tmp_path}"):
        load_judge(tmp_path, COMPACT, "float32", "cpu")
    for text in ("{}", "[]", '{"tau": null, "max_length": 9}'):
        (tmp_path / JUDGE_FILE).write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=f"{tmp_path / JUDGE_FILE} has no usable tau"):
            load_judge(tmp_path, COMPACT, "float32", "cpu")
