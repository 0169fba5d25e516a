"""A tiny tokenizer and transformer, built from scratch and saved like any Hugging Face model.

The tokenizer is a byte-level BPE whose merges may cross spaces but not line ends, so that a whole line of a program or
of a statement can become a few tokens. Strategy sentences are added tokens: a model of under a million parameters then
spends its capacity on choosing strategies rather than on spelling them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from cppo.errors import ModelError
from cppo.policy.loading import save_policy
from cppo.policy.settings import TinyModel
from cppo.text.prompts import JUDGE_WORDS

END, PAD = "<|end|>", "<|pad|>"


def build_tokenizer(texts: Iterable[str], sentences: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE on `texts`; each of `sentences` and each judge word becomes one added token.

    The same texts give the same tokenizer. Raises `ModelError` when `vocabulary` has no room for the bytes, the added
    tokens and at least one merge.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\n"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    added = list(dict.fromkeys([*JUDGE_WORDS, *sentences]))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    least = len(alphabet) + len((PAD, END)) + len(added) + 1
    if vocabulary < least:
        raise ModelError(
            f"a vocabulary of {vocabulary} is too small: the bytes and {len(added)} added tokens need {least}; "
            "raise model.tiny.vocabulary"
        )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(added),
        special_tokens=[PAD, END],
        initial_alphabet=sorted(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, single_word=False) for text in added])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def build_model(settings: TinyModel, tokenizer: PreTrainedTokenizerFast, seed: int) -> Any:
    """Return a randomly initialised causal language model of the asked architecture, float32, seeded."""
    config = _config(settings, len(tokenizer), tokenizer.eos_token_id, tokenizer.pad_token_id)
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def save_tiny(directory: Path, settings: TinyModel, texts: Iterable[str], sentences: Sequence[str], seed: int) -> None:
    """Build tokenizer and model and save both to `directory`, which is then either whole or absent."""
    tokenizer = build_tokenizer(texts, sentences, settings.vocabulary)
    save_policy(build_model(settings, tokenizer, seed), tokenizer, directory)


def _config(settings: TinyModel, vocabulary: int, end: int, pad: int) -> Any:
    from transformers import LlamaConfig, Qwen3_5TextConfig, Qwen3Config

    # a multiple of 8 keeps the output layer's matrix product aligned
    common: dict[str, Any] = {
        "vocab_size": -(-vocabulary // 8) * 8,
        "hidden_size": settings.hidden_size,
        "intermediate_size": settings.feed_forward,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_key_value_heads": settings.heads,
        "head_dim": settings.hidden_size // settings.heads,
        "max_position_embeddings": settings.max_positions,
        "tie_word_embeddings": settings.tie_embeddings,
        "bos_token_id": None,
        "eos_token_id": end,
        "pad_token_id": pad,
    }
    if settings.architecture == "llama":
        return LlamaConfig(**common)
    if settings.architecture == "qwen3":
        return Qwen3Config(**common)
    width = settings.hidden_size // settings.heads
    return Qwen3_5TextConfig(
        **common,
        linear_num_key_heads=settings.heads,
        linear_num_value_heads=settings.heads,
        linear_key_head_dim=width,
        linear_value_head_dim=width,
        layer_types=["linear_attention" if (i + 1) % 2 else "full_attention" for i in range(settings.layers)],
    )
