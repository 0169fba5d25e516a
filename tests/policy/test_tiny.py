"""The tiny tokenizer and models: what every test and the testbed's recipes rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_policies import SENTENCES, TEXTS, tiny_settings, tiny_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from cppo.errors import ModelError
from cppo.policy.settings import TinyModel
from cppo.policy.tiny import END, PAD, build_model, build_tokenizer, save_tiny
from cppo.text import JUDGE_WORDS


def test_sentences_and_judge_words_are_single_tokens(tokenizer: Any) -> None:
    for text in (*SENTENCES, *JUDGE_WORDS):
        assert len(tokenizer(text)["input_ids"]) == 1
    joined = tokenizer(f"A: {SENTENCES[0]}\nB: {SENTENCES[1]}\n")["input_ids"]
    single = [tokenizer(sentence)["input_ids"][0] for sentence in SENTENCES[:2]]
    assert [token for token in joined if token in single] == single


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_decoding_undoes_encoding(text: str) -> None:
    if PAD in text or END in text:
        return
    tokenizer = tiny_tokenizer()
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        f"x{JUDGE_WORDS[0]}word {SENTENCES[2]}\r\n\t¿é 漢字 🙂\u2028end ",
        "  two  spaces , and . marks !\n\n\n",
        "don 't",
    ],
)
def test_programs_and_foreign_letters_survive(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


def test_the_same_texts_give_the_same_tokenizer() -> None:
    one, two = (build_tokenizer(iter(TEXTS), SENTENCES, 400) for _ in range(2))
    assert one.backend_tokenizer.to_str() == two.backend_tokenizer.to_str()
    assert len(one) <= 400
    assert one.backend_tokenizer.to_str() != build_tokenizer(TEXTS[1:], SENTENCES, 400).backend_tokenizer.to_str()


def test_tokens_do_not_cross_line_ends(tokenizer: Any) -> None:
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token])
        assert text == "\n" or "\n" not in text


def test_a_vocabulary_without_room_is_refused() -> None:
    # 256 bytes, pad and end, two judge words, 60 sentences and one merge
    sentences = [f"Sentence {i}." for i in range(60)]
    with pytest.raises(ModelError, match=r"vocabulary of 320 is too small: .* 62 added tokens need 321"):
        build_tokenizer(TEXTS, sentences, 320)
    assert len(build_tokenizer(TEXTS, sentences, 321)) == 321


def test_weights_follow_from_the_seed(architecture: str, tokenizer: Any) -> None:
    state = torch.random.get_rng_state()
    one, same, other = (build_model(tiny_settings(architecture), tokenizer, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    first, second, third = (model.get_input_embeddings().weight for model in (one, same, other))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert {weight.dtype for weight in one.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["llama", "qwen3", "qwen3_5"])
def test_a_saved_directory_loads_like_any_model(tmp_path: Path, name: str) -> None:
    save_tiny(tmp_path / "model", tiny_settings(name), TEXTS, SENTENCES, seed=3)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model").eval()
    built = build_model(tiny_settings(name), tiny_tokenizer(), seed=3).eval()
    text = f"PLAN 4\nA: {SENTENCES[0]}\n  é{JUDGE_WORDS[1]}"
    ids = tokenizer(text)["input_ids"]
    assert ids == tiny_tokenizer()(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert (tokenizer.eos_token, tokenizer.pad_token) == (END, PAD)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    with torch.no_grad():
        assert torch.equal(model(torch.tensor([ids])).logits, built(torch.tensor([ids])).logits)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_size": 32, "heads": 3}, "not a multiple of heads 3"),
        ({"hidden_size": 27, "heads": 3}, "head of width 9"),
        ({"architecture": "qwen3_5", "layers": 1}, "at least 2 layers"),
    ],
)
def test_shapes_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TinyModel.model_validate(settings)
