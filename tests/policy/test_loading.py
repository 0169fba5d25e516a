"""Directories and adapters: what is saved loads again, and what is damaged is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from tiny_policies import SENTENCES, TEXTS, tiny_settings

from cppo.errors import ModelError
from cppo.policy.loading import (
    add_adapter,
    load_merged,
    load_model,
    load_policy,
    load_tokenizer,
    pick_device,
    require_fp32_trainable,
    save_policy,
)
from cppo.policy.settings import LoraSettings, ModelSettings
from cppo.policy.tiny import save_tiny

IDS = torch.tensor([[65, 66, 67, 68]])
LORA = LoraSettings(rank=4, alpha=8, dropout=0.0)
CPU = ModelSettings(device="cpu")
CPU_LORA = ModelSettings(device="cpu", lora=LORA)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny saved model that tests must not change."""
    directory = tmp_path_factory.mktemp("models") / "base"
    save_tiny(directory, tiny_settings("llama"), TEXTS, SENTENCES, seed=3)
    return directory


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "copy"))


def logits_of(model: Any) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model.eval()(IDS).logits
    return result


def adapted(base: Path) -> Any:
    """A model with an adapter that changes its output: fresh adapters do nothing."""
    model = load_policy(CPU_LORA, base, None, trainable=True)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.5)
    return model


def test_a_fresh_adapter_follows_from_the_seed_alone(base: Path) -> None:
    def drawn(seed: int) -> list[torch.Tensor]:
        model = load_policy(CPU_LORA, base, None, trainable=True, seed=seed)
        return [weight.detach() for name, weight in model.named_parameters() if "lora_A" in name]

    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = drawn(0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)  # whatever this process has drawn before
    assert all(torch.equal(a, b) for a, b in zip(first, drawn(0), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, drawn(1), strict=True))


def test_the_guard_names_the_weight_that_is_not_float32(base: Path) -> None:
    model = load_model(base)
    require_fp32_trainable(model)
    model.model.norm.to(torch.bfloat16)
    with pytest.raises(ModelError, match=r"1 trainable weights .*first: model\.norm\.weight, torch\.bfloat16"):
        require_fp32_trainable(model)
    model.model.norm.requires_grad_(False)
    require_fp32_trainable(model)


def test_bfloat16_weights_need_an_adapter(base: Path) -> None:
    with pytest.raises(ValidationError, match=r"bfloat16' without lora .*\[model.lora\]"):
        ModelSettings(dtype="bfloat16")
    settings = ModelSettings(dtype="bfloat16", lora=LORA, device="cpu")
    model = load_policy(settings, base, None, trainable=True)
    dtypes = {weight.requires_grad: weight.dtype for weight in model.parameters()}
    assert dtypes == {True: torch.float32, False: torch.bfloat16}


def test_all_weights_round_trip(base: Path, tmp_path: Path) -> None:
    model, tokenizer = load_policy(CPU, base, None, trainable=True), load_tokenizer(base)
    with torch.no_grad():
        model.model.norm.weight.mul_(1.5)
    save_policy(model, tokenizer, tmp_path / "stage")
    again = load_policy(CPU, base, tmp_path / "stage", trainable=False)
    assert torch.equal(logits_of(again), logits_of(model))
    assert not torch.allclose(logits_of(load_model(base)), logits_of(model))
    assert load_tokenizer(tmp_path / "stage")("a\nb")["input_ids"] == tokenizer("a\nb")["input_ids"]


def test_an_adapter_round_trips(base: Path, tmp_path: Path) -> None:
    model = adapted(base)
    expected = logits_of(model)
    assert not torch.allclose(expected, logits_of(load_model(base)))
    save_policy(model, load_tokenizer(base), tmp_path / "stage")
    assert not list((tmp_path / "stage").glob("model*.safetensors"))
    frozen = load_policy(CPU_LORA, base, tmp_path / "stage", trainable=False)
    assert torch.equal(logits_of(frozen), expected)
    assert not any(weight.requires_grad for weight in frozen.parameters())
    ready = load_policy(CPU_LORA, base, tmp_path / "stage", trainable=True)
    assert torch.equal(logits_of(ready), expected)
    assert {"lora_" in name for name, weight in ready.named_parameters() if weight.requires_grad} == {True}


def test_a_merged_adapter_gives_the_same_logits(base: Path, tmp_path: Path) -> None:
    model = adapted(base)
    save_policy(model, load_tokenizer(base), tmp_path / "stage")
    merged = load_merged(tmp_path / "stage", base, "cpu")
    assert torch.allclose(logits_of(merged), logits_of(model), atol=1e-5)
    assert all(weight.requires_grad for weight in merged.parameters())
    assert torch.equal(logits_of(load_merged(base, base, "cpu")), logits_of(load_model(base)))


def test_a_fresh_adapter_changes_nothing(base: Path) -> None:
    plain = load_model(base)
    expected = logits_of(plain)
    assert torch.equal(logits_of(add_adapter(plain, LORA)), expected)
    assert torch.equal(logits_of(load_policy(CPU_LORA, base, None, trainable=False)), expected)


def test_missing_directories_are_named(base: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for load in (load_model, load_tokenizer):
        with pytest.raises(ModelError, match=f"{nowhere} does not exist"):
            load(nowhere)
    empty = tmp_path / "empty"
    empty.mkdir()
    for load in (load_model, load_tokenizer):
        with pytest.raises(ModelError, match=str(empty)):
            load(empty)
    with pytest.raises(ModelError, match="no causal language model can be loaded from"):
        load_policy(CPU, base, empty, trainable=False)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_damaged_models_are_named(copy: Path, name: str) -> None:
    file = copy / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ModelError, match=f"loaded from {copy}"):
        load_model(copy)


def test_a_damaged_tokenizer_is_named(copy: Path) -> None:
    (copy / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
    with pytest.raises(ModelError, match=f"no tokenizer can be loaded from {copy}"):
        load_tokenizer(copy)


def test_incomplete_weights_are_not_filled_with_random_numbers(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"incomplete: 1 are missing \(first: model\.layers\.1\.mlp\.up_proj\.weight"):
        load_model(copy)


def test_a_damaged_adapter_is_named(base: Path, tmp_path: Path) -> None:
    save_policy(adapted(base), load_tokenizer(base), tmp_path / "stage")
    file = tmp_path / "stage" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelError, match=f"adapter in {tmp_path / 'stage'} cannot be loaded"):
        load_policy(CPU_LORA, base, tmp_path / "stage", trainable=True)


def test_saving_replaces_an_old_directory_whole(base: Path, tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "stage"
    directory.mkdir(parents=True)
    (directory / "left_over.txt").write_text("old", encoding="utf-8")
    save_policy(load_model(base), load_tokenizer(base), directory)
    assert not (directory / "left_over.txt").exists()
    assert (directory / "model.safetensors").exists()
    assert [path.name for path in directory.parent.iterdir()] == ["stage"]


def test_a_failed_save_leaves_the_old_directory_and_nothing_else(base: Path, tmp_path: Path) -> None:
    class Full:
        def save_pretrained(self, directory: Path) -> None:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "half").write_text("half", encoding="utf-8")
            raise OSError("no space left on device")

    directory = tmp_path / "stage"
    with pytest.raises(OSError, match="no space"):
        save_policy(load_model(base), Full(), directory)
    assert list(tmp_path.iterdir()) == []
    save_policy(load_model(base), load_tokenizer(base), directory)
    with pytest.raises(OSError, match="no space"):
        save_policy(Full(), load_tokenizer(base), directory)
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]
    assert torch.equal(logits_of(load_model(directory)), logits_of(load_model(base)))


def test_a_tokenizer_without_padding_pads_with_its_end_token(copy: Path) -> None:
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (copy / name).exists():
            text = (copy / name).read_text(encoding="utf-8")
            (copy / name).write_text(text.replace('"pad_token"', '"unused"'), encoding="utf-8")
    tokenizer = load_tokenizer(copy)
    assert tokenizer.pad_token_id == tokenizer.eos_token_id


def test_devices() -> None:
    assert pick_device("cpu") == "cpu"
    assert pick_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
