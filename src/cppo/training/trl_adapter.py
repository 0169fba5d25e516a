"""The only module that knows TRL's insides: the split-region update on TRL's `GRPOTrainer`.

What is overridden, and why:

- `_generate_and_score_completions`: advantages come from the credit rules, exactly as computed (TRL would subtract the
  mean of the problem's group again, which is wrong for rules that are not zero-mean), with a weight and a region for
  each sequence.
- `_prepare_inputs`: micro-batches are sorted by length or prompt instead of shuffled. All micro-batches of a rollout
  belong to the same optimiser step, so the order changes nothing but the work.
- `_get_train_sampler`: the order of an epoch follows from (seed, epoch), so that a resumed run meets the same problems.
- `_get_per_token_logps_and_entropies`: a sequence that occurs several times is scored once, a prompt that several
  sequences share is computed once (`training/prefix.py`), sequences of similar lengths are scored together.
- `_compute_loss`: the published objective (`training/loss.py`), with figures by region. TRL's own `grpo` loss is the
  same but for the weights: it averages over slots, so a batch with unparsed tuples would shrink the loss of the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer
from trl.models import unwrap_model_for_generation

from cppo.errors import ConfigError, nearest
from cppo.policy.padding import positions_of
from cppo.training.batching import GroupedOrder, cut_by_length, distinct_rows, pass_tokens, split_for_update
from cppo.training.loss import region_sums, sequence_weights, token_terms, weighted_sequence_mean
from cppo.training.prefix import SharedPrompts, can_share, shared_prompts
from cppo.training.sequences import Region, RolloutResult
from cppo.training.settings import RLSettings

RolloutStep = Callable[[Sequence[str], Any, int], RolloutResult]
"""`(problem ids, model to sample from, optimiser step) -> result`, called once a rollout."""


class RegionTrainer(GRPOTrainer):  # type: ignore[misc]
    """`GRPOTrainer` with per-sequence credit, weights and regions. `rollout_step` does everything before the update."""

    def __init__(self, *, settings: RLSettings, rollout_step: RolloutStep, **kwargs: Any) -> None:
        self.region_settings = settings
        self.rollout_step = rollout_step
        self.rollout: RolloutResult | None = None
        self.region_totals: dict[str, dict[str, float]] = {}
        self._buffered_inputs: list[dict[str, Any]] | None = None
        self.clock: Callable[[str], None] = lambda _: None
        """Called with `reference` and `update` when those phases begin."""
        super().__init__(reward_funcs=[_no_reward], rollout_func=self._roll_out, **kwargs)

    def _roll_out(self, prompts: list[str], trainer: Any) -> dict[str, Any]:
        """Run the rollout on this process's problems and hand its sequences over in TRL's form."""
        problem_ids = list(prompts[:: self.num_generations])
        with unwrap_model_for_generation(self.model_wrapped, self.accelerator) as model:
            self.rollout = self.rollout_step(problem_ids, model, trainer.state.global_step)
        self.clock("reference")
        if len(self.rollout.sequences) != len(prompts):
            raise ConfigError(
                f"the rollout returned {len(self.rollout.sequences)} sequences for {len(prompts)} slots; it must fill "
                "sequences_per_problem slots for every problem"
            )
        # An untrained slot is one masked end token: the shortest sequence the engine accepts.
        end = self.processing_class.eos_token_id
        sequences = self.rollout.sequences
        return {
            "prompt_ids": [list(s.prompt_ids) if s.trained else [end] for s in sequences],
            "completion_ids": [list(s.token_ids) if s.trained else [end] for s in sequences],
            "logprobs": None,
            "env_mask": [[1] * len(s.token_ids) if s.trained else [0] for s in sequences],
        }

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        self.clock("update")
        assert self.rollout is not None
        device = output["advantages"].device
        sequences = self.rollout.sequences
        planner = torch.tensor([float(s.region is Region.PLANNER) for s in sequences], device=device)
        by_token = self.region_settings.averaging == "token"
        amounts = torch.tensor(
            [float(s.trained * (len(s.token_ids) if by_token else 1)) for s in sequences], device=device
        )
        totals = self.accelerator.reduce(
            torch.stack([(planner * amounts).sum(), ((1 - planner) * amounts).sum()]), reduction="sum"
        ).tolist()
        weights = sequence_weights(
            planner,
            amounts,
            (totals[0], totals[1]),
            self.region_settings.weighting,
            self.region_settings.planner_weight,
        )
        output["advantages"] = torch.tensor([s.advantage for s in sequences], dtype=torch.float32, device=device)
        # Gradients are averaged over processes, but the weights already count the sequences of all of them.
        output["weights"] = weights * self.accelerator.num_processes
        output["planner"] = planner
        self.region_totals = {region.value: {} for region in Region}
        return output

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        if not self.model.training:
            return super()._prepare_inputs(generation_batch)
        every = self.args.steps_per_generation * self.num_iterations
        if self._step % every == 0 or self._buffered_inputs is None:
            batch = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = split_for_update(batch, self.args.steps_per_generation)
        return self._buffered_inputs[self._step % self.args.steps_per_generation]

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return GroupedOrder(
            len(self.train_dataset if dataset is None else dataset),
            per_step=self.args.generation_batch_size // self.num_generations,
            copies=self.num_generations,
            repeats=self.num_iterations * self.args.steps_per_generation,
            seed=self.args.seed,
        )

    def finish_from(self, checkpoint: Path) -> None:
        """Load the weights of a checkpoint at which there is nothing left to do: `train` would take one more step."""
        self._load_from_checkpoint(str(checkpoint))

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, logits_to_keep: int, **kwargs: Any
    ) -> Any:
        """Score each distinct sequence once, `batch_size` of them at a time; `_score_block` says how.

        The result has the shape TRL expects, zeros where there is padding. Identical rows share one computation; their
        gradients add up as if each had been computed.
        """
        most = kwargs.pop("batch_size", None) or input_ids.shape[0]
        ids, mask, inverse = distinct_rows(input_ids, attention_mask)
        # A model that is wrapped for several processes is called once for a block; else a block is cut into passes, and
        # the order of the rows, in which equal prompts are neighbours, lets them share those.
        alone = self.accelerator.num_processes == 1
        order = torch.arange(len(ids), device=ids.device) if alone else torch.argsort(mask.sum(1), stable=True)
        with self.accelerator.autocast():  # once, so that all passes use one half-precision copy of the weights
            blocks = [
                self._score_block(model, ids[rows], mask[rows], logits_to_keep, alone, kwargs)
                for rows in torch.split(order, most)
            ]
        back = torch.argsort(order)[inverse]
        logps, entropies, aux = zip(*blocks, strict=True)
        return (
            torch.cat(logps)[back],
            torch.cat(entropies)[back] if kwargs.get("compute_entropy") else None,
            None if aux[0] is None else torch.stack(aux).mean(),
        )

    def _score_block(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, keep: int, alone: bool, given: dict[str, Any]
    ) -> tuple[Any, Any, Any]:
        """Score the last `keep` columns of rows: each distinct prompt once where that pays, and, if `alone`, in passes
        of similar lengths. Columns that are padding in every row of a pass are not computed."""
        first = int(mask.any(0).nonzero()[0])
        ids, mask = ids[:, first:], mask[:, first:]
        prompts = self._prompts(model, ids, mask, keep, given)
        lengths = (mask if prompts is None else mask[:, -keep:]).sum(1)
        order = torch.argsort(lengths, stable=True)
        sizes = cut_by_length(lengths[order].tolist(), pass_tokens(ids.device)) if alone else [len(order)]
        parts = []
        for rows in torch.split(order, sizes):
            used = mask[rows].any(0).nonzero()
            first, last = 0 if prompts else int(used[0]), max(int(used[-1]) + 1, ids.shape[1] - keep + 1)
            cut = ids.shape[1] - last
            columns = ids[rows, first:last], mask[rows, first:last], keep - cut
            if prompts is None:
                part = super()._get_per_token_logps_and_entropies(model, *columns, **given)
            else:
                part = self._score_behind(prompts.cache(rows), model, *columns)
            parts.append([None if x is None else torch.nn.functional.pad(x, (0, cut)) for x in part[:2]] + [part[2]])
        back = torch.argsort(order)
        logps, entropies, aux = zip(*parts, strict=True)
        return (
            torch.cat(logps)[back],
            None if entropies[0] is None else torch.cat(entropies)[back],
            None if aux[0] is None else torch.stack(aux).mean(),
        )

    def _prompts(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, keep: int, given: dict[str, Any]
    ) -> SharedPrompts | None:
        """Return what stands before the last `keep` columns, computed once a distinct prompt, where that pays."""
        start = ids.shape[1] - keep - 1  # the prompt's last token stands before each completion: it predicts the first
        plain = all(value is None for key, value in given.items() if key != "compute_entropy")  # text alone
        if start <= 0 or not plain or not can_share(model):
            return None
        return shared_prompts(model, ids[:, :start], mask[:, :start])

    def _score_behind(self, cache: Any, model: Any, ids: torch.Tensor, mask: torch.Tensor, keep: int) -> Any:
        """Score the last `keep` columns in one pass behind prompts that are computed already."""
        start = ids.shape[1] - keep - 1
        labels = ids[:, start:].masked_fill(mask[:, start:] == 0, -100)
        labels[:, 0] = -100
        outputs = model(
            input_ids=ids[:, start:],
            attention_mask=mask,
            position_ids=positions_of(mask)[:, start:],
            past_key_values=cache,
            labels=labels,
            fused_lm_head=True,
        )
        return outputs.log_probs[:, -keep:], None if outputs.entropy is None else outputs.entropy[:, -keep:], None

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        completion_mask = inputs["completion_mask"]
        log_probs, entropies, _ = self._get_per_token_logps_and_entropies(
            model,
            torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1),
            torch.cat([inputs["prompt_mask"], completion_mask], dim=1),
            completion_mask.size(1),
            compute_entropy=True,
        )
        mask = completion_mask * inputs["tool_mask"]
        old, settings = inputs.get("old_per_token_logps"), self.region_settings
        terms = token_terms(
            log_probs,
            log_probs.detach() if old is None else old,
            inputs.get("ref_per_token_logps"),
            inputs["advantages"],
            self.epsilon_low,
            torch.where(inputs["planner"] > 0, settings.beta, settings.beta_of_solver),
        )
        self._add_region_totals(terms, entropies, mask, inputs["planner"])
        return weighted_sequence_mean(terms.loss, mask, inputs["weights"])

    def _add_region_totals(
        self, terms: Any, entropies: torch.Tensor, mask: torch.Tensor, planner: torch.Tensor
    ) -> None:
        for region, member in ((Region.PLANNER, planner), (Region.SOLVER, 1 - planner)):
            totals = self.region_totals.setdefault(region.value, {})
            for key, value in region_sums(terms, entropies, mask, member).items():
                totals[key] = totals.get(key, 0.0) + value

    def region_means(self) -> dict[str, float]:
        """Return token means of KL, entropy and clipping by region over the updates since the last rollout."""
        means = {}
        for region, totals in self.region_totals.items():
            for key in ("kl", "entropy", "clip"):
                if totals.get("tokens"):
                    means[f"{key}/{region}"] = totals[key] / totals["tokens"]
        return means

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Checkpoints are ours, not publications."""


def grpo_arguments(
    settings: RLSettings, *, per_problem: int, output: Path, seed: int, device: str, processes: int = 1
) -> GRPOConfig:
    """Translate a stage's settings into TRL's, every choice explicit. `ConfigError` for sizes that do not fit."""
    total = settings.problems_per_step * per_problem
    if total % (settings.micro_batch * processes) or settings.problems_per_step % processes:
        raise ConfigError(
            f"a step has problems_per_step {settings.problems_per_step} × {per_problem} sequences = {total}, which is "
            f"not a multiple of micro_batch {settings.micro_batch} × {processes} processes; change one of them"
        )
    pieces = total // (settings.micro_batch * processes)
    on_gpu = device.startswith("cuda")
    options: dict[str, Any] = {
        "output_dir": str(output),
        "per_device_train_batch_size": settings.micro_batch,
        "gradient_accumulation_steps": pieces,
        "steps_per_generation": pieces,
        "num_generations": per_problem,
        "num_iterations": settings.iterations,
        "max_steps": settings.steps * settings.iterations,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "constant",
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "beta": max(settings.beta, settings.beta_of_solver),  # above 0, the reference is loaded and scores
        "epsilon": settings.epsilon,
        "loss_type": "grpo",
        "scale_rewards": "none",
        "mask_truncated_completions": True,
        "temperature": 1.0,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_every * settings.iterations,
        "save_total_limit": 2,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": seed % 2**31,
        "use_cpu": not on_gpu,
        "bf16": on_gpu,
        "gradient_checkpointing": on_gpu,
        "dataloader_pin_memory": on_gpu,
        "disable_dropout": True,
    }
    return GRPOConfig(**{**options, **engine_options(settings.engine, options, GRPOConfig)})


def engine_options(given: dict[str, Any], ours: dict[str, Any], target: type) -> dict[str, Any]:
    """Check pass-through options against the engine's own arguments class; what the recipe already sets is refused."""
    import dataclasses

    known = {field.name for field in dataclasses.fields(target)}
    adjustable = {"bf16", "gradient_checkpointing", "dataloader_pin_memory", "lr_scheduler_type", "save_total_limit"}
    for key in given:
        if key not in known:
            raise ConfigError(f"engine.{key} is no option of {target.__name__}{nearest(key, known)}")
        if key in ours and key not in adjustable:
            raise ConfigError(f"engine.{key} is set from the recipe's own keys; change those instead")
    return given


def build_trainer(
    model: Any,
    tokenizer: Any,
    arguments: GRPOConfig,
    settings: RLSettings,
    rollout_step: RolloutStep,
    problem_ids: Sequence[str],
    callbacks: Sequence[TrainerCallback],
) -> RegionTrainer:
    """Return the trainer. TRL's prompt column carries problem ids; the rollout turns them into prompts."""
    trainer = RegionTrainer(
        settings=settings,
        rollout_step=rollout_step,
        model=model,
        args=arguments,
        processing_class=tokenizer,
        train_dataset=Dataset.from_dict({"prompt": list(problem_ids)}),
        callbacks=list(callbacks),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _no_reward(prompts: Sequence[str], **_: Any) -> list[float]:
    """TRL wants a reward function; credit is computed by the rollout and laid over TRL's advantages."""
    return [0.0] * len(prompts)
