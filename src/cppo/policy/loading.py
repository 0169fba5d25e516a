"""Load, adapt, guard and save causal language models: the one place that knows directories from adapters."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cppo.errors import DataError, ModelError
from cppo.files import read_json
from cppo.policy.settings import LoraSettings, ModelSettings
from cppo.seeding import derive_seed

ADAPTER_FILE = "adapter_config.json"


def pick_device(name: str) -> str:
    """Resolve `auto` to `cuda` when there is one, else `cpu`."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def load_tokenizer(path: str | Path, revision: str | None = None) -> Any:
    """Load a tokenizer, with the end token as padding where it has none. Raises `ModelError` naming the path."""
    from transformers import AutoTokenizer

    _require(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path), revision=revision)
    except Exception as error:  # a damaged file ends in whatever the parser of that file raises
        raise ModelError(f"no tokenizer can be loaded from {path}: {_first_line(error)}") from error
    if tokenizer.eos_token_id is None:
        raise ModelError(f"the tokenizer of {path} has no end-of-sequence token; set eos_token in its configuration")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(path: str | Path, dtype: str = "float32", device: str = "cpu", revision: str | None = None) -> Any:
    """Load a causal language model; an adapter is merged into the model it names as its base.

    Raises `ModelError` naming the path when it is missing, damaged or incomplete.
    """
    import torch
    from transformers import AutoModelForCausalLM

    _require(path)
    if (Path(path) / ADAPTER_FILE).exists():
        return _merged(path, load_model(_base_of(path), dtype, device))
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            str(path), dtype=getattr(torch, dtype), revision=revision, output_loading_info=True
        )
    except Exception as error:
        raise ModelError(f"no causal language model can be loaded from {path}: {_first_line(error)}") from error
    if missing := sorted(report["missing_keys"]):
        # transformers would fill them with random numbers and go on
        raise ModelError(
            f"the weights in {path} are incomplete: {len(missing)} are missing (first: {missing[0]}); "
            "restore the files, or save the model again"
        )
    return model.to(device)


def load_policy(
    settings: ModelSettings, base: str | Path, checkpoint: str | Path | None, *, trainable: bool, seed: int = 0
) -> Any:
    """Load the policy for a stage.

    `base` is the model the recipe starts from; `checkpoint` is what an earlier stage left (all weights, or an adapter
    for `base`) or None. With `trainable` the result is ready for an optimiser: an adapter is attached when the recipe
    asks for one (a fresh one begins with weights that `seed` decides), and every weight that will be trained is
    float32, else `ModelError`.
    """
    device = pick_device(settings.device)
    if checkpoint is not None and not (Path(checkpoint) / ADAPTER_FILE).exists():
        model = load_model(checkpoint, settings.dtype, device)
    else:
        model = load_model(base, settings.dtype, device, settings.revision)
        if checkpoint is not None:
            model = _load_adapter(model, checkpoint, trainable)
        elif settings.lora is not None and trainable:
            model = add_adapter(model, settings.lora, seed)
    if trainable:
        require_fp32_trainable(model)
    return model


def add_adapter(model: Any, settings: LoraSettings, seed: int = 0) -> Any:
    """Wrap `model` in a fresh low-rank adapter whose weights are float32 and follow from `seed` alone, whatever this
    process has drawn before."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model

    modules = settings.target_modules
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
    )
    try:
        with torch.random.fork_rng(devices=[]):  # adapters are drawn on the processor, then moved
            torch.manual_seed(derive_seed(seed, "adapter"))
            return get_peft_model(model, config, autocast_adapter_dtype=True)
    except Exception as error:
        raise ModelError(
            f"no adapter fits the model with target_modules {modules!r} in [model.lora]: {_first_line(error)}"
        ) from error


def require_fp32_trainable(model: Any) -> None:
    """Raise `ModelError` when a trainable weight is not float32: small steps on it would round to nothing.

    Also when there is no trainable weight at all.
    """
    import torch

    if not any(weight.requires_grad for weight in model.parameters()):
        raise ModelError("no weight of the model is trainable; load it with its weights unfrozen, or add [model.lora]")

    bad = [
        (name, weight.dtype)
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.dtype is not torch.float32
    ]
    if bad:
        name, dtype = bad[0]
        raise ModelError(
            f"{len(bad)} trainable weights are not float32 (first: {name}, {dtype}); at small learning rates an AdamW "
            "step on them rounds to nothing. Load the model in float32, or train an adapter ([model.lora])"
        )


def save_policy(model: Any, tokenizer: Any, directory: Path) -> None:
    """Save weights (or the adapter) and tokenizer so that `directory` is either whole or absent.

    An old `directory` is replaced once the new one is complete. Errors of the file system pass through.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", suffix=".tmp", dir=directory.parent) as workspace:
        fresh, old = Path(workspace) / "new", Path(workspace) / "old"
        if hasattr(model, "peft_config"):
            model.save_pretrained(fresh, selected_adapters=["default"])
        else:
            model.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
        if directory.exists():
            directory.rename(old)
        fresh.rename(directory)


def _load_adapter(model: Any, checkpoint: str | Path, trainable: bool) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(checkpoint), is_trainable=trainable, autocast_adapter_dtype=True)
    except Exception as error:
        raise ModelError(f"the adapter in {checkpoint} cannot be loaded: {_first_line(error)}") from error


def _require(path: str | Path) -> None:
    """A path that looks like a directory must exist; anything else is left to the Hub client to resolve."""
    text = str(path)
    if (text.startswith((".", "/", "~")) or text.count("/") > 1) and not Path(text).exists():
        raise ModelError(f"{text} does not exist; give the directory of a model, or the name of one on the Hub")


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def load_merged(path: str | Path, base: str | Path, device: str, revision: str | None = None) -> Any:
    """Load `path` in float32 with all weights trainable; an adapter is merged into `base` first."""
    if not (Path(path) / ADAPTER_FILE).exists():
        return load_model(path, "float32", device, revision if str(path) == str(base) else None)
    return _merged(path, load_model(base, "float32", device, revision))


def _merged(adapter: str | Path, base: Any) -> Any:
    """Merge an adapter into its base; every weight of the result can be trained."""
    model = _load_adapter(base, adapter, trainable=True).merge_and_unload()
    for weight in model.parameters():
        weight.requires_grad_(True)
    return model


def _base_of(adapter: str | Path) -> str:
    """Return the model an adapter was made for."""
    try:
        base = read_json(Path(adapter) / ADAPTER_FILE).get("base_model_name_or_path")
    except (DataError, AttributeError) as error:
        raise ModelError(f"the adapter in {adapter} cannot be read: {error}") from error
    if not base:
        raise ModelError(f"the adapter in {adapter} does not name its base model (base_model_name_or_path)")
    return str(base)
