"""Which model, how it is trained (all weights or an adapter) and how it samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cppo.config import Section

Architecture = Literal["llama", "qwen3", "qwen3_5"]


class TinyModel(Section):
    """A small random transformer and its tokenizer, built from the recipe's own problems and saved like any model."""

    architecture: Architecture = "llama"
    """Which transformers architecture; `qwen3_5` mixes linear and full attention."""
    hidden_size: int = Field(96, ge=8)
    """Width of the residual stream."""
    layers: int = Field(3, ge=1)
    """Number of blocks."""
    heads: int = Field(3, ge=1)
    """Attention heads; must divide `hidden_size`."""
    feed_forward: int = Field(256, ge=8)
    """Width of the feed-forward layer."""
    vocabulary: int = Field(1024, ge=300)
    """Size of the byte-level BPE vocabulary, added tokens included."""
    tie_embeddings: bool = True
    """Whether input and output embeddings are one matrix."""
    max_positions: int = Field(1024, ge=64)
    """Longest sequence."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> TinyModel:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        if self.hidden_size // self.heads % 2:
            raise ValueError(
                f"a head of width {self.hidden_size // self.heads} cannot carry rotary positions, which turn pairs; "
                "make hidden_size / heads even"
            )
        if self.architecture == "qwen3_5" and self.layers < 2:
            raise ValueError("qwen3_5 alternates linear and full attention; it needs at least 2 layers")
        return self


class LoraSettings(Section):
    """Low-rank adapter (PEFT). Defaults are the published ones."""

    rank: int = Field(32, ge=1)
    """Rank of the update."""
    alpha: int = Field(64, ge=1)
    """Scale numerator; the update is multiplied by alpha / rank."""
    dropout: float = Field(0.05, ge=0, lt=1)
    """Dropout on the adapter's input, supervised stages only (RL turns dropout off)."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """Which modules get an adapter, as PEFT names them."""


class ModelSettings(Section):
    """The policy: one causal language model."""

    path: str = "Qwen/Qwen3.5-4B-Base"
    """Directory or Hub name of a causal language model; ignored when `tiny` is set."""
    revision: str | None = None
    """Hub revision to pin."""
    tiny: TinyModel | None = None
    """Build a small model from scratch instead of loading one."""
    lora: LoraSettings | None = None
    """Train an adapter instead of all weights."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Precision of the weights. Trainable weights must be float32; bfloat16 is for the frozen base of an adapter."""
    prompts: Literal["full", "compact"] = "full"
    """Prompt set; `compact` is for models trained from scratch on it."""
    chat: bool = False
    """Wrap prompts in the tokenizer's chat template, where it has one. Base models want plain text."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` (CUDA if there is one), `cpu` or `cuda`."""
    threads: int = Field(0, ge=0)
    """CPU threads of torch; 0 leaves its own choice. Tiny models are fastest with 1."""
    generation_batch: int = Field(256, ge=1)
    """Most sequences decoded together by the in-process engine."""

    @model_validator(mode="after")
    def _trainable_weights_are_fp32(self) -> ModelSettings:
        if self.dtype == "bfloat16" and self.lora is None:
            raise ValueError(
                "dtype 'bfloat16' without lora would train bfloat16 weights, and at the published learning rate 5e-7 "
                "an AdamW step on them rounds to nothing; set dtype = 'float32' or add a [model.lora] section"
            )
        return self
