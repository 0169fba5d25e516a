"""Contract tests with TRL: what one step does to the weights is exactly the published objective's gradient."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from cppo.errors import ConfigError
from cppo.training.batching import distinct_rows, split_for_update
from cppo.training.sequences import Region, RolloutResult, TrainingSequence
from cppo.training.settings import JointSettings
from cppo.training.trl_adapter import build_trainer, grpo_arguments

SKIPPED = TrainingSequence(Region.SOLVER, skip="no_branch")


def sequence(region: Region, advantage: float, prompt: list[int], tokens: list[int]) -> TrainingSequence:
    return TrainingSequence(region, advantage, tuple(prompt), tuple(tokens))


def rollout_of(end: int) -> list[TrainingSequence]:
    """Two problems of six sequences: other lengths, a twin, two empty slots."""
    return [
        sequence(Region.PLANNER, 1.0, [5, 6, 7], [8, 9, end]),
        sequence(Region.PLANNER, -1.0, [5, 6, 7], [10, 11, 12, 13, end]),
        sequence(Region.SOLVER, 1.5, [5, 6, 7, 14, 15], [16, end]),
        sequence(Region.SOLVER, -0.5, [5, 6, 7, 14, 15], [16, end]),
        SKIPPED,
        sequence(Region.SOLVER, -1.0, [5, 6, 7, 18], [19, 20, 21, 22, 23, 24, end]),
        sequence(Region.PLANNER, 0.0, [30, 31], [32, end]),
        sequence(Region.PLANNER, 2.0, [30, 31], [33, 34, end]),
        sequence(Region.SOLVER, 1.0, [30, 31, 40], [41, 42, end]),
        sequence(Region.SOLVER, 0.25, [30, 31, 40], [41, 43, end]),
        SKIPPED,
        sequence(Region.SOLVER, 0.0, [30, 31, 44], [45, end]),
    ]


def train(
    tiny: tuple[Any, Any], tmp_path: Path, sequences: list[TrainingSequence], **changes: Any
) -> tuple[dict[str, torch.Tensor], Any]:
    """Run one step with plain SGD (through a pass-through option) and return the change of every weight."""
    model, tokenizer = tiny
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    settings = JointSettings(
        **{
            "steps": 1,
            "problems_per_step": 2,
            "micro_batch": 4,
            "learning_rate": 1.0,
            "max_grad_norm": 1e9,
            "beta": 0.0,
            "engine": {"optim": "sgd"},
            **changes,
        }
    )
    arguments = grpo_arguments(settings, per_problem=6, output=tmp_path, seed=0, device="cpu")
    arguments.save_strategy = "no"
    trainer = build_trainer(
        model, tokenizer, arguments, settings, lambda ids, live, step: RolloutResult(sequences, []), ["p", "q"], []
    )
    trainer.train()
    return {name: weight.detach() - before[name] for name, weight in model.named_parameters()}, trainer


def gradient_by_hand(model: Any, sequences: list[TrainingSequence], weight_of: Any) -> dict[str, torch.Tensor]:
    """The objective's gradient, one unpadded sequence at a time: −Σ w · A · mean_t log π."""
    model.zero_grad()
    for one in sequences:
        if not one.trained:
            continue
        ids = torch.tensor([[*one.prompt_ids, *one.token_ids]])
        log_probs = torch.log_softmax(model(ids).logits[0, :-1], dim=-1)
        start = len(one.prompt_ids) - 1
        chosen = log_probs[torch.arange(start, ids.shape[1] - 1), ids[0, start + 1 :]]
        (-weight_of(one) * one.advantage * chosen.mean()).backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("weighting", ["sequences", "regions"])
def test_a_step_is_the_published_gradient(
    tiny: tuple[Any, Any], tiny_directory: Path, tmp_path: Path, weighting: str
) -> None:
    from cppo.policy.loading import load_model

    sequences = rollout_of(tiny[1].eos_token_id)
    planners, solvers = 4, 6
    weight = {
        "sequences": lambda s: 1 / (planners + solvers),
        "regions": lambda s: 2.0 / planners if s.region is Region.PLANNER else 1 / solvers,
    }[weighting]
    expected = gradient_by_hand(load_model(tiny_directory), sequences, weight)
    changed, _ = train(tiny, tmp_path, sequences, weighting=weighting, planner_weight=2.0)
    assert max(float(g.abs().max()) for g in expected.values()) > 1e-3
    for name, gradient in expected.items():
        torch.testing.assert_close(-changed[name], gradient, atol=2e-6, rtol=1e-4)


def test_the_kl_holds_every_trained_sequence_whatever_its_advantage(tiny_directory: Path, tmp_path: Path) -> None:
    """Without any credit the step is the gradient of the KL alone, on plans and programs, each with its own weight."""
    from cppo.policy.loading import load_model, load_tokenizer

    def moved() -> Any:  # the reference is what the directory holds; the policy has gone somewhere else
        torch.manual_seed(0)
        model = load_model(tiny_directory)
        for weight in model.parameters():
            weight.data += 0.05 * torch.randn_like(weight)
        return model

    tokenizer = load_tokenizer(tiny_directory)
    sequences = [replace(one, advantage=0.0) for one in rollout_of(tokenizer.eos_token_id)]
    policy, reference = moved(), load_model(tiny_directory)
    trained = [one for one in sequences if one.trained]
    for one in trained:
        ids = torch.tensor([[*one.prompt_ids, *one.token_ids]])
        start = len(one.prompt_ids) - 1
        ours, theirs = (torch.log_softmax(model(ids).logits[0, start:-1], -1) for model in (policy, reference))
        gap = (theirs.detach() - ours)[torch.arange(len(one.token_ids)), ids[0, start + 1 :]]
        beta = 0.5 if one.region is Region.PLANNER else 2.0
        (beta * (torch.exp(gap) - 1 - gap).mean() / len(trained)).backward()
    expected = {name: weight.grad for name, weight in policy.named_parameters() if weight.grad is not None}
    changed, _ = train((moved(), tokenizer), tmp_path, sequences, beta=0.5, solver_beta=2.0)
    assert max(float(g.abs().max()) for g in expected.values()) > 1e-2
    for name, gradient in expected.items():
        torch.testing.assert_close(-changed[name], gradient, atol=1e-5, rtol=1e-3)


def test_every_token_may_count_alike(tiny: tuple[Any, Any], tiny_directory: Path, tmp_path: Path) -> None:
    from cppo.policy.loading import load_model

    sequences = rollout_of(tiny[1].eos_token_id)
    tokens = sum(len(one.token_ids) for one in sequences if one.trained)
    # the mean over a sequence's tokens times their number: their sum
    expected = gradient_by_hand(load_model(tiny_directory), sequences, lambda s: len(s.token_ids) / tokens)
    changed, _ = train(tiny, tmp_path, sequences, averaging="token")
    for name, gradient in expected.items():
        torch.testing.assert_close(-changed[name], gradient, atol=2e-6, rtol=1e-4)


def test_micro_batches_do_not_change_the_step(tiny_directory: Path, tmp_path: Path) -> None:
    from cppo.policy.loading import load_model, load_tokenizer

    results = []
    for size in (2, 12):
        pair = (load_model(tiny_directory), load_tokenizer(tiny_directory))
        changed, _ = train(pair, tmp_path / str(size), rollout_of(pair[1].eos_token_id), micro_batch=size)
        results.append(changed)
    for name in results[0]:
        torch.testing.assert_close(results[0][name], results[1][name], atol=2e-6, rtol=1e-4)


def test_the_reference_is_the_model_as_it_was_loaded(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    sequences = rollout_of(tiny[1].eos_token_id)
    _, trainer = train(tiny, tmp_path, sequences, beta=0.5)
    means = trainer.region_means()
    assert means["kl/planner"] == pytest.approx(0, abs=1e-9)
    assert means["kl/solver"] == pytest.approx(0, abs=1e-9)


def test_a_second_iteration_moves_the_ratio_and_measures_kl(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    sequences = rollout_of(tiny[1].eos_token_id)
    _, trainer = train(tiny, tmp_path, sequences, beta=0.5, iterations=2)
    assert trainer.state.global_step == 2
    # Both updates of the rollout are in the means: the first has no KL, the second does.
    assert trainer.region_means()["kl/planner"] > 1e-4


def test_programs_may_be_held_to_the_reference_more_than_plans(tiny_directory: Path, tmp_path: Path) -> None:
    from cppo.policy.loading import load_model, load_tokenizer

    kl = {}
    for solver_beta in (None, 5.0):
        pair = (load_model(tiny_directory), load_tokenizer(tiny_directory))
        sequences = rollout_of(pair[1].eos_token_id)
        options = {"beta": 1e-6, "solver_beta": solver_beta, "iterations": 8, "learning_rate": 0.05}
        _, trainer = train(pair, tmp_path / str(solver_beta), sequences, **options)
        kl[solver_beta] = trainer.region_means()["kl/solver"]
    assert 0 < kl[5.0] < 0.7 * kl[None]


def test_an_empty_step_changes_nothing(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    changed, _ = train(tiny, tmp_path, [SKIPPED] * 12)
    assert all(float(delta.abs().max()) == 0 for delta in changed.values())


def test_a_rollout_that_does_not_fill_its_slots_is_refused(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="11 sequences for 12 slots"):
        train(tiny, tmp_path, rollout_of(tiny[1].eos_token_id)[:-1])


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    settings = JointSettings(problems_per_step=3, micro_batch=7)
    with pytest.raises(ConfigError, match=r"3 × 40 sequences = 120.*micro_batch 7"):
        grpo_arguments(settings, per_problem=40, output=tmp_path, seed=0, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"learning_rat": 1}, "did you mean 'learning_rate'"), ({"beta": 0.1}, "recipe's own keys")],
)
def test_pass_through_options_are_checked(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    settings = JointSettings(engine=options)
    with pytest.raises(ConfigError, match=message):
        grpo_arguments(settings, per_problem=40, output=tmp_path, seed=0, device="cpu")


def test_distinct_rows_ignore_what_stands_in_the_padding() -> None:
    ids = torch.tensor([[1, 2, 9], [1, 2, 7], [3, 4, 5]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1]])
    rows, masks, inverse = distinct_rows(ids, mask)
    assert rows.shape[0] == 2
    assert torch.equal(rows[inverse] * mask, ids * mask)
    assert torch.equal(masks[inverse], mask)


def test_shared_prompts_and_several_passes_change_nothing_of_the_step(
    tiny_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cppo.policy.loading import load_model, load_tokenizer
    from cppo.training import batching, trl_adapter

    results, caches, means, shapes = [], [], [], []
    prompts = {Region.PLANNER: [5, 6, 7], Region.SOLVER: [5, 6, 7, 14, 15]}
    for share, pass_tokens in product((False, True), (10**9, 0)):  # one pass; one for every length
        pair = (load_model(tiny_directory), load_tokenizer(tiny_directory))
        original = trl_adapter.shared_prompts
        with monkeypatch.context() as patch:
            patch.setattr(batching, "PASS_TOKENS", pass_tokens)
            patch.setattr(trl_adapter, "can_share", lambda model, share=share: share)
            patch.setattr(trl_adapter, "shared_prompts", lambda *a, f=original: (caches.append(f(*a)), caches[-1])[1])
            sequences = [
                replace(one, prompt_ids=tuple(prompts[one.region])) if one.trained else one
                for one in rollout_of(pair[1].eos_token_id)
            ]
            settings = {"micro_batch": 12, "iterations": 2, "beta": 0.5, "learning_rate": 0.1}
            shapes.append([])
            pair[0].register_forward_pre_hook(
                lambda module, given, named, seen=shapes[-1]: seen.append(tuple(named["input_ids"].shape)),
                with_kwargs=True,
            )
            changed, trainer = train(pair, tmp_path / f"{share}-{pass_tokens}", sequences, **settings)
            results.append(changed)
            means.append(trainer.region_means())
    assert any(cache is not None for cache in caches)
    for other, figures in zip(results[1:], means[1:], strict=True):
        assert figures == pytest.approx(means[0], rel=1e-4)
        for name in other:
            torch.testing.assert_close(other[name], results[0][name], atol=2e-5, rtol=1e-3)
    # Ten distinct sequences: an empty slot of 1 + 1 token, plans of 3 + 2, 3, 3 and 5, programs of 5 + 2, 2, 3, 3 and
    # 7. Each is scored three times: as the policy was, and in two updates.
    assert shapes[0] == 3 * [(10, 5 + 7)]
    assert shapes[1] == 3 * [
        (1, 2),
        (1, 5),
        (2, 6),
        (2, 7),
        (3, 5 + 5),
        (1, 12),
    ]  # by length; prompts end in one column
    # The three prompts but for their last token, then that token and the completions.
    assert shapes[2] == 3 * [(3, 4), (10, 1 + 7)]
    assert shapes[3] == 3 * [(3, 4), (1, 1 + 1), (3, 1 + 2), (4, 1 + 3), (1, 1 + 5), (1, 1 + 7)]


def test_pieces_are_cut_by_prompt_where_that_saves_more() -> None:
    """Two prompts of eight tokens, three completions each, of 1, 2 and 2 tokens: by prompt a piece has 8 + 3 × 2."""
    prompt_ids = torch.tensor([[1] * 8, [2] * 8] * 3)
    completion_ids = torch.tensor([[3, 0], [3, 0], [4, 5], [4, 5], [6, 7], [6, 7]])
    completion_mask = (completion_ids > 0).long()
    batch = {
        "prompt_ids": prompt_ids,
        "prompt_mask": torch.ones_like(prompt_ids),
        "completion_ids": completion_ids,
        "completion_mask": completion_mask,
    }
    pieces = split_for_update(batch, 2)
    assert [piece["prompt_ids"][:, 0].tolist() for piece in pieces] == [[1, 1, 1], [2, 2, 2]]
    assert sorted(map(tuple, torch.cat([p["completion_ids"] for p in pieces]).tolist())) == sorted(
        map(tuple, completion_ids.tolist())
    )


def test_pieces_hold_every_row_once_and_no_needless_padding() -> None:
    lengths = [1, 4, 2, 4]
    completion_mask = torch.tensor([[int(t < n) for t in range(4)] for n in lengths])
    batch = {
        "prompt_ids": torch.ones(4, 2, dtype=torch.long),
        "prompt_mask": torch.ones(4, 2, dtype=torch.long),
        "completion_ids": completion_mask * torch.tensor([[7], [8], [9], [8]]),
        "completion_mask": completion_mask,
        "tool_mask": completion_mask,
        "advantages": torch.tensor([0.0, 1.0, 2.0, 3.0]),
        "num_items_in_batch": torch.tensor(11),
    }
    short, long = split_for_update(batch, 2)
    assert sorted(short["advantages"].tolist()) == [0.0, 2.0]
    assert sorted(long["advantages"].tolist()) == [1.0, 3.0]
    assert short["completion_ids"].shape == (2, 2)
    assert long["completion_ids"].shape == (2, 4)
