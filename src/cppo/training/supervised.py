"""The supervised loop of stages 1 and 2 on transformers' `Trainer`, resumable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from cppo.progress import Reporter
from cppo.seeding import derived_random
from cppo.training.checkpoints import MetricsLog, last_complete, mark_complete, step_of
from cppo.training.settings import SupervisedSettings
from cppo.training.trl_adapter import engine_options

IGNORED = -100
LossFunction = Callable[[Any, dict[str, torch.Tensor]], torch.Tensor]


@dataclass(frozen=True)
class Example:
    """One training example: `ids` with the first `prompt` of them masked, or with a class `label`."""

    ids: tuple[int, ...]
    prompt: int = 0
    label: float | None = None


def train_supervised(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    settings: SupervisedSettings,
    *,
    directory: Path,
    seed: int,
    reporter: Reporter,
    loss: LossFunction | None = None,
) -> list[dict[str, Any]]:
    """Train `model` in place on `examples` and return the rows of figures, one every few updates.

    Without `loss`: cross-entropy on the tokens after the prompt. Goes on from the last whole checkpoint in `directory`.
    """
    rows = [{"input_ids": list(e.ids), "prompt": e.prompt, "label": e.label} for e in examples]
    checkpoint = last_complete(directory)
    log = MetricsLog(directory / "metrics.jsonl", step_of(checkpoint))
    device = next(model.parameters()).device
    trainer = _Trainer(
        model=model,
        args=supervised_arguments(settings, directory, seed, str(device)),
        train_dataset=_Rows(rows),
        data_collator=_Collator(tokenizer.pad_token_id, left=loss is not None),
        callbacks=[_Follow(log, directory, reporter)],
    )
    trainer.loss = loss
    trainer.batch = settings.batch
    trainer.remove_callback(PrinterCallback)
    total = math.ceil(settings.epochs * math.ceil(len(rows) / settings.batch))
    if checkpoint is not None and step_of(checkpoint) >= total:
        trainer._load_from_checkpoint(str(checkpoint))  # nothing is left to do, but `train` would take one more step
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return log.rows


class _Trainer(Trainer):  # type: ignore[misc]
    loss: LossFunction | None = None
    batch = 1

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **kwargs: Any) -> Any:
        if self.loss is None:
            return super().compute_loss(model, inputs, return_outputs=return_outputs, **kwargs)
        # A mean over the micro-batch; the parent divides by accumulation only when it did not count items itself.
        value = self.loss(model, inputs)
        counted = self.model_accepts_loss_kwargs and kwargs.get("num_items_in_batch") is not None
        return value / self.current_gradient_accumulation_steps if counted else value

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return SortedWithinBatches(self.train_dataset.rows, self.args.seed, self.batch)


class SortedWithinBatches(torch.utils.data.Sampler[int]):
    """A random order, cut into batches, each sorted by length: micro-batches pad little, while what a batch holds stays
    random. (Batches of equal lengths would each hold one kind of example, and training on them fails.)"""

    def __init__(self, rows: Sequence[dict[str, Any]], seed: int, batch: int) -> None:
        self.lengths = [len(row["input_ids"]) for row in rows]
        self.seed, self.batch, self.epoch = seed, batch, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's own order."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        order = list(range(len(self.lengths)))
        derived_random(self.seed, "epoch", self.epoch).shuffle(order)
        for start in range(0, len(order), self.batch):
            yield from sorted(order[start : start + self.batch], key=self.lengths.__getitem__)


class _Rows(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


@dataclass(frozen=True)
class _Collator:
    """Pads a batch: on the left when the loss looks at the last token, else on the right."""

    pad: int
    left: bool

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), width), self.pad)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        labels = torch.full((len(rows), width), IGNORED)
        for r, row in enumerate(rows):
            tokens = torch.tensor(row["input_ids"])
            start = width - len(tokens) if self.left else 0
            ids[r, start : start + len(tokens)] = tokens
            mask[r, start : start + len(tokens)] = 1
            labels[r, start + row["prompt"] : start + len(tokens)] = tokens[row["prompt"] :]
        if rows[0]["label"] is not None:
            labels = torch.tensor([row["label"] for row in rows])
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def supervised_arguments(settings: SupervisedSettings, directory: Path, seed: int, device: str) -> TrainingArguments:
    """Translate a supervised stage's settings into the engine's own. Raises `ConfigError` for options it lacks."""
    on_gpu = device.startswith("cuda")
    options: dict[str, Any] = {
        "output_dir": str(directory),
        "per_device_train_batch_size": settings.micro_batch,
        "gradient_accumulation_steps": settings.batch // settings.micro_batch,
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": settings.warmup_ratio,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": 1.0,
        "remove_unused_columns": False,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_every,
        "save_total_limit": 2,
        # A loss is the mean since the last row; from a checkpoint between two rows it would not come out the same.
        "logging_steps": math.gcd(5, settings.checkpoint_every),
        "report_to": "none",
        "disable_tqdm": True,
        "seed": seed % 2**31,
        "use_cpu": not on_gpu,
        "bf16": on_gpu,
        "gradient_checkpointing": on_gpu,
        "dataloader_pin_memory": on_gpu,
    }
    return TrainingArguments(**{**options, **engine_options(settings.engine, options, TrainingArguments)})


class _Follow(TrainerCallback):  # type: ignore[misc]
    """Passes progress and figures on, and marks checkpoints whole once they are."""

    def __init__(self, log: MetricsLog, directory: Path, reporter: Reporter) -> None:
        self.log, self.directory, self.reporter = log, directory, reporter

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.reporter.begin(self.directory.name, state.max_steps, state.global_step, "update")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            row = {"step": state.global_step, "loss": logs["loss"], "learning_rate": logs.get("learning_rate")}
            self.log.append(row)
            self.reporter.advance(state.global_step, {"loss": logs["loss"]})

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        mark_complete(self.directory, state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.reporter.advance(state.global_step)
        self.reporter.end()
