"""Settings of the five stages and of the baselines. The defaults are the published ones (arXiv 2605.27000).

Where the testbed has shown what a key does in general, its description says so in a figure; docs/training.md has the
evidence.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from cppo.config import Section
from cppo.credit import PLAN_REWARDS, RULES, SOLVER_RULES
from cppo.errors import choose
from cppo.measures.audit import AuditThresholds
from cppo.training.corruptions import CORRUPTIONS


class SupervisedSettings(Section):
    """What supervised stages share."""

    learning_rate: float = Field(1e-5, gt=0)
    """Peak learning rate (AdamW)."""
    epochs: float = Field(3.0, gt=0)
    """Passes over the training examples."""
    batch: int = Field(16, ge=1)
    """Examples an update (effective batch). Too few updates leave "no method twice" half learnt, and so does too high a
    rate (testbed, docs/training.md)."""
    micro_batch: int = Field(16, ge=1)
    """Examples a forward pass; must divide `batch`."""
    schedule: str = "linear"
    """Learning-rate schedule, as transformers names it."""
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    """Share of the updates over which the learning rate rises."""
    weight_decay: float = Field(0.0, ge=0)
    """AdamW weight decay."""
    checkpoint_every: int = Field(100, ge=1)
    """Updates between checkpoints."""
    engine: dict[str, Any] = {}
    """Further options handed to the engine's own arguments class, checked against it."""

    @model_validator(mode="after")
    def _micro_batch_divides(self) -> SupervisedSettings:
        if self.batch % self.micro_batch:
            raise ValueError(f"batch {self.batch} is not a multiple of micro_batch {self.micro_batch}")
        return self


class PlannerTuningSettings(SupervisedSettings):
    """Stage 1: cross-entropy on gold tuples, prompt masked. A model from scratch also learns SOLVE and DIRECT."""

    data: str | None = None
    """JSONL of gold tuples, rows {"problem_id", "methods"}; the testbed draws its own."""
    max_length: int = Field(3072, ge=16)
    """Longest example in tokens; longer ones are left out and counted."""
    plans: int = Field(1, ge=0)
    """PLAN examples a problem."""
    single_plans: int = Field(0, ge=0)
    """PLAN examples with one method a problem (for plan-and-solve with a model trained from scratch)."""
    programs: int = Field(0, ge=0)
    """SOLVE examples a problem (needs gold programs)."""
    direct: int = Field(0, ge=0)
    """DIRECT examples a problem (needs gold programs)."""


class ValiditySettings(SupervisedSettings):
    """Stage 2: the plan-validity model ψ, binary cross-entropy on Pass / Fail at the last real token."""

    data: str | None = None
    """JSONL of judged tuples, rows {"problem_id", "plan", "label"}; else gold tuples and their corruptions."""
    path: str | None = None
    """Model that ψ starts from; None: the recipe's own base model."""
    start: Literal["base", "sft"] = "base"
    """Start from that base model, or from the weights that stage 1 left."""
    batch: int = Field(8, ge=1)
    """Examples an update."""
    micro_batch: int = Field(8, ge=1)
    """Examples a forward pass; must divide `batch`."""
    max_length: int = Field(1024, ge=16)
    """Longest judge prompt in tokens; the plan is cut first."""
    problems: int | None = Field(None, ge=4)
    """Training problems to use; None: all."""
    pairs: int = Field(1, ge=1)
    """Gold tuples a problem, each with one corruption beside it (classes 1:1 within each problem)."""
    corruptions: dict[str, float] = {}
    """Relative frequency of kinds of corruption among the negatives; kinds left out have 1."""
    prefixes: int = Field(0, ge=0)
    """Further examples from each tuple: random proper prefixes, labelled by what is wrong up to there."""
    held_out: float = Field(0.2, gt=0, lt=1)
    """Share of the problems kept for the acceptance gates."""
    tau: float = Field(0.17, ge=0, le=1)
    """Threshold of the gate J = 1[p(Pass) >= tau]; low, so that recall is high: a higher one rejects uncommon plans
    first (docs/training.md)."""
    recall_target: float | None = Field(None, gt=0, le=1)
    """Choose tau on the held-out problems as the largest that keeps this recall, instead of `tau`. At .95 it turned
    down 43 % of the valid plans without the commonest method (testbed, docs/training.md)."""
    min_auc: float = Field(0.75, ge=0, le=1)
    """Acceptance: area under the ROC curve."""
    min_balanced_accuracy: float = Field(0.70, ge=0, le=1)
    """Acceptance: balanced accuracy at tau."""
    min_precision: float = Field(0.65, ge=0, le=1)
    """Acceptance: precision of Pass at tau."""
    min_recall: float = Field(0.65, ge=0, le=1)
    """Acceptance: recall of Pass at tau."""
    min_rejection: float = Field(0.5, ge=0, le=1)
    """Acceptance: share of every single kind of corruption that ψ rejects among the plans that parse."""
    on_fail: Literal["stop", "warn"] = "stop"
    """What a model that misses a gate does to the run."""

    @model_validator(mode="after")
    def _known_corruptions(self) -> ValiditySettings:
        for kind, weight in self.corruptions.items():
            choose("kind of corruption", kind, CORRUPTIONS)
            if weight <= 0:
                raise ValueError(f"validity.corruptions.{kind} is {weight}; a frequency is positive")
        return self


class RLSettings(Section):
    """What every reinforcement-learning stage shares: one loop, which differs only by rollout and credit rule."""

    steps: int = Field(75, ge=1)
    """Rollouts; each is followed by `iterations` updates."""
    learning_rate: float = Field(5e-7, gt=0)
    """AdamW learning rate, constant; `engine.lr_scheduler_type = "linear"` lets it fall to zero (testbed: pass@4 .972
    instead of .923, docs/training.md)."""
    problems_per_step: int = Field(4, ge=1)
    """Problems a rollout."""
    micro_batch: int = Field(8, ge=1)
    """Sequences a forward-backward pass; must divide the sequences of a step."""
    beta: float = Field(0.01, ge=0)
    """Weight of the KL to the frozen reference, on every trained sequence."""
    solver_beta: float | None = Field(None, ge=0)
    """Weight of that KL on programs, where it differs from `beta`. At a high rate they need more than plans do, or the
    solver stops following its method (testbed, docs/training.md)."""
    epsilon: float = Field(0.2, gt=0, lt=1)
    """Clipping range of the probability ratio."""
    iterations: int = Field(1, ge=1)
    """Updates a rollout (μ); above 1 the ratio differs from 1 and clipping acts."""
    plan_temperature: float = Field(0.9, gt=0)
    """Sampling temperature of plans. Training can only drop a useless method from its plans if some of them leave it
    out; where few do, raise this (testbed: docs/training.md)."""
    solve_temperature: float = Field(0.7, gt=0)
    """Sampling temperature of programs. Log-probabilities are scored at 1: a baseline sampled below it loses rare
    strategies (testbed: PKPO's pass@4 .642 at .7, .690 at 1, docs/training.md)."""
    plan_min_p: float = Field(0.0, ge=0, lt=1)
    """Plan tokens less than this times as likely as the likeliest are not sampled: with a high temperature, plans are
    varied but still plans."""
    solve_min_p: float = Field(0.0, ge=0, lt=1)
    """The same for the tokens of programs."""
    plan_tokens: int = Field(512, ge=1)
    """Token limit of a plan."""
    program_tokens: int = Field(2048, ge=1)
    """Token limit of a program."""
    max_sequence_tokens: int = Field(4096, ge=8)
    """Sequences with more tokens (prompt and completion) are left out of the loss, counted."""
    weighting: Literal["sequences", "regions"] = "sequences"
    """`sequences`: every sequence alike, as published; `regions`: planner and solver losses averaged apart, summed."""
    averaging: Literal["sequence", "token"] = "sequence"
    """`sequence`: a sequence's loss is the mean over its tokens, as published (GRPO); `token`: every token counts alike
    (DAPO), so that the choice of a strategy weighs as much in a long program as in a short one. The sources of RLOO,
    PKPO and MaxRL sum over the tokens, which is the latter up to the scale (testbed: PKPO's pass@4 .690 with `token`,
    .574 with `sequence`, docs/training.md)."""
    planner_weight: float = Field(1.0, gt=0)
    """With `regions`: weight of the planner's loss against the solver's."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradient clipping."""
    weight_decay: float = Field(0.0, ge=0)
    """AdamW weight decay."""
    checkpoint_every: int = Field(10, ge=1)
    """Rollouts between checkpoints."""
    probe_every: int = Field(10, ge=1)
    """Rollouts between measurements of solver fidelity on gold methods (testbed)."""
    record_every: int = Field(10, ge=1)
    """Rollouts between those whose episodes are kept on disk."""
    engine: dict[str, Any] = {}
    """Further options handed to TRL's GRPOConfig, checked against it."""

    @property
    def beta_of_solver(self) -> float:
        """The KL weight of programs."""
        return self.beta if self.solver_beta is None else self.solver_beta


class WarmupSettings(RLSettings):
    """Stage 3: planner warm-up on R_warm = J."""

    learning_rate: float = Field(1e-6, gt=0)
    """AdamW learning rate, constant. At a high one J rises further than what it stands for (testbed: J .92, true
    validity .83, docs/training.md)."""
    tuples: int = Field(4, ge=2)
    """Tuples a problem (M)."""
    check_every: int = Field(5, ge=1)
    """Rollouts between looks at the J rate."""
    patience: int = Field(3, ge=1)
    """Looks without a rise after which warm-up stops."""
    min_gate_rate: float = Field(0.2, ge=0, le=1)
    """Warm-up does not stop early below this J rate."""


class AuditSettings(Section):
    """Stage 4: the reward-density audit, forward only."""

    problems: int = Field(64, ge=1)
    """Problems to roll out."""
    thresholds: AuditThresholds = AuditThresholds()
    """When the verdict is go and when no-go."""
    on_fail: Literal["stop", "warn"] = "stop"
    """What no-go does to the run."""


class JointSettings(RLSettings):
    """Stage 5: joint CPPO, planner and solver in one update."""

    start: Literal["warmup", "sft"] = "warmup"
    """Stage whose weights joint training starts from; `sft`: without warm-up (ablation)."""
    tuples: int = Field(8, ge=2)
    """Tuples a problem (M)."""
    plan_reward: str = "product"
    """Reward of a plan: `product` J·R_out (the method), or an ablation."""
    solver_rule: str = "within_tuple"
    """Credit of a program: `within_tuple` (the method), or an ablation."""
    credited: Literal["both", "planner", "solver"] = "both"
    """Regions that get credit. The other one has advantage 0 and is held by the KL alone (ablation: it is frozen, as
    far as weights that both share can be)."""

    @model_validator(mode="after")
    def _known_rules(self) -> JointSettings:
        choose("plan_reward", self.plan_reward, PLAN_REWARDS)
        choose("solver_rule", self.solver_rule, SOLVER_RULES)
        return self


class BaselineSettings(RLSettings):
    """Reinforcement learning on DIRECT: K independent samples with another credit rule."""

    rule: str = "grpo"
    """Credit rule, one of the registry."""
    programs: int = Field(32, ge=2)
    """Programs a problem (n); M·K gives CPPO's budget of program attempts."""
    k: int = Field(4, ge=1)
    """Target k of the rules that have one."""

    @model_validator(mode="after")
    def _known_rule(self) -> BaselineSettings:
        rule = RULES[choose("rule", self.rule, RULES)]
        if rule.needs_k and self.k > self.programs - rule.spare:
            raise ValueError(f"k = {self.k} is above what {self.programs} programs allow for rule {self.rule!r}")
        return self
