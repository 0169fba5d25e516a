"""In-process generation against transformers' own, and against the probabilities it claims to sample from."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_policies import Dictated, tiny_model
from transformers import GPT2Config, GPT2LMHeadModel, MambaConfig, MambaForCausalLM, MiniMaxConfig, MiniMaxForCausalLM

from cppo.errors import ModelError
from cppo.policy import local
from cppo.policy.engine import Completion, GenerationRequest, StopReason
from cppo.policy.local import LocalEngine, end_token_ids
from cppo.policy.padding import left_pad
from cppo.text.prompts import Prompt

PROMPTS = (
    "Schedule the jobs.",
    "PLAN 4\nA: Sort by deadline.\n",
    "def solve(jobs):\n    total = 0\n",
    "x",
    "Search every order. Keep a heap of open jobs. return total and then a good deal more: 1 2 3 4 5 6 7 8 9",
)


def engine_of(architecture: str, tokenizer: Any, batch: int = 64) -> LocalEngine:
    return LocalEngine(tiny_model(architecture), tokenizer, batch=batch)


def drawn(count: int, max_tokens: int = 12, temperature: float = 0.9) -> list[GenerationRequest]:
    return [
        GenerationRequest(Prompt(PROMPTS[i % len(PROMPTS)]), max_tokens, temperature, seed=1000 + i)
        for i in range(count)
    ]


def prefer_end(model: Any, tokenizer: Any, chosen: float) -> Any:
    """Add `chosen` to the logit of the end token, so that completions end at different lengths."""

    def hook(_module: Any, _arguments: Any, output: Any) -> Any:
        output.logits[..., tokenizer.eos_token_id] += chosen
        return output

    return model.register_forward_hook(hook)


def test_greedy_output_is_that_of_transformers(architecture: str, tokenizer: Any) -> None:
    model = tiny_model(architecture)
    handle = prefer_end(model, tokenizer, 6.0)
    try:
        requests = [GenerationRequest(Prompt(text), 20, 0.0, seed=0) for text in PROMPTS]
        mine = LocalEngine(model, tokenizer).generate(requests)
        ids, mask = left_pad([tokenizer(text)["input_ids"] for text in PROMPTS], tokenizer.pad_token_id)
        theirs = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=20)
    finally:
        handle.remove()
    for completion, row in zip(mine, theirs[:, ids.shape[1] :].tolist(), strict=True):
        assert list(completion.token_ids) == row[: len(completion.token_ids)]
        assert set(row[len(completion.token_ids) :]) <= {tokenizer.pad_token_id}
        assert completion.truncated == (len(completion.token_ids) == 20 and row[-1] != tokenizer.eos_token_id)


def test_order_and_batching_change_no_token(architecture: str, tokenizer: Any) -> None:
    model = tiny_model(architecture)
    handle = prefer_end(model, tokenizer, 4.0)
    try:
        requests = [replace(r, max_tokens=4 + i % 9) for i, r in enumerate(drawn(40))]
        together = LocalEngine(model, tokenizer, batch=64).generate(requests)
        in_sevens = LocalEngine(model, tokenizer, batch=7).generate(requests)
        shuffle = random.Random(0).sample(range(40), 40)
        shuffled = LocalEngine(model, tokenizer, batch=16).generate([requests[i] for i in shuffle])
    finally:
        handle.remove()
    assert {c.stop_reason for c in together} == {StopReason.END, StopReason.LENGTH}
    assert len({len(c.token_ids) for c in together}) > 4  # rows really leave the batch at different times
    for i, completion in enumerate(together):
        for other in (in_sevens[i], shuffled[shuffle.index(i)]):
            assert replace(other, log_prob=0.0) == replace(completion, log_prob=0.0)
            assert other.log_prob == pytest.approx(completion.log_prob, abs=1e-6)


def test_same_seed_same_tokens_other_seed_other_tokens(tokenizer: Any) -> None:
    engine = engine_of("llama", tokenizer)
    request = GenerationRequest(Prompt("Schedule the jobs."), 12, 1.0, seed=5)
    first, again, other = engine.generate([request, request, replace(request, seed=6)])
    assert first == again
    assert first.token_ids != other.token_ids


@pytest.mark.parametrize("temperature", [0.6, 1.0])
def test_frequencies_of_the_first_token_are_the_softmax(architecture: str, tokenizer: Any, temperature: float) -> None:
    model, n = tiny_model(architecture), 2000
    prompt = Prompt("PLAN 4\nA: ")
    completions = LocalEngine(model, tokenizer, batch=n).generate(
        [GenerationRequest(prompt, 1, temperature, seed=i) for i in range(n)]
    )
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer(prompt.text)["input_ids"]])).logits[0, -1]
    expected = torch.softmax(logits / temperature, -1).numpy()
    counts = np.bincount([c.token_ids[0] for c in completions], minlength=len(expected))
    # Chi-square with the rare tokens in one cell: mean df, variance 2 df; five standard deviations never happen.
    common = expected * n >= 5
    cells = [
        *zip(counts[common], n * expected[common], strict=True),
        (counts[~common].sum(), n * expected[~common].sum()),
    ]
    statistic = sum((seen - due) ** 2 / due for seen, due in cells if due > 0)
    df = len(cells) - 1
    assert df >= 5
    assert abs(statistic - df) < 5 * (2 * df) ** 0.5


@pytest.mark.parametrize("temperature", [0.7, 1.0])
def test_log_prob_is_the_teacher_forced_one(architecture: str, tokenizer: Any, temperature: float) -> None:
    model = tiny_model(architecture)
    completions = LocalEngine(model, tokenizer).generate(drawn(5, temperature=temperature))
    for completion in completions:
        prompt, tokens = list(completion.prompt_ids), list(completion.token_ids)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
        log_probs = torch.log_softmax(logits / temperature, -1)
        assert completion.log_prob == pytest.approx(float(log_probs[range(len(tokens)), tokens].sum()), abs=1e-6)


def test_greedy_log_prob_is_at_temperature_one(tokenizer: Any) -> None:
    model = tiny_model("llama")
    (completion,) = LocalEngine(model, tokenizer).generate([GenerationRequest(Prompt("PLAN"), 1, 0.0, seed=0)])
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer("PLAN")["input_ids"]])).logits[0, -1]
    assert completion.log_prob == pytest.approx(float(torch.log_softmax(logits, -1).max()), abs=1e-9)


def dictate(text: str, tokenizer: Any, stop: tuple[str, ...], max_tokens: int, opening: str = "") -> Completion:
    model = tiny_model("llama")
    dictated = Dictated(model, tokenizer, text, tokenizer("Go." + opening)["input_ids"])
    try:
        request = GenerationRequest(Prompt("Go.", opening, stop), max_tokens, 0.0, seed=0)
        return LocalEngine(model, tokenizer).generate([request])[0]
    finally:
        dictated.handle.remove()


def test_a_stop_string_ends_the_completion_and_is_cut_from_the_text(tokenizer: Any) -> None:
    text = "A: Sort by deadline.\nB: é\n\nNow the rest"
    completion = dictate(text, tokenizer, ("\n\n", "\n---"), 60)
    assert completion.stop_reason is StopReason.STOP
    assert completion.text == "A: Sort by deadline.\nB: é"
    assert completion.token_ids[-1] == tokenizer.eos_token_id
    said = tokenizer.decode(list(completion.token_ids[:-1]))
    assert said.startswith(completion.text + "\n\n")
    assert "rest" not in said
    assert not completion.truncated


def test_the_first_of_two_stop_strings_cuts(tokenizer: Any) -> None:
    completion = dictate("total = 0\n```\nend", tokenizer, ("end", "\n```"), 60, opening="```python\n")
    assert (completion.text, completion.stop_reason) == ("```python\ntotal = 0", StopReason.STOP)


@pytest.mark.parametrize("stop", [" x", "é", "ab"])
def test_any_text_can_be_a_stop_string(tokenizer: Any, stop: str) -> None:
    assert dictate(f"1 2{stop}3", tokenizer, (stop,), 60).text == "1 2"


def test_without_stop_string_the_end_token_closes_and_is_not_text(tokenizer: Any) -> None:
    completion = dictate("return total", tokenizer, (), 60)
    assert (completion.text, completion.stop_reason) == ("return total", StopReason.END)
    assert list(completion.token_ids) == [*tokenizer("return total")["input_ids"], tokenizer.eos_token_id]


def test_a_cut_completion_keeps_no_end_token(tokenizer: Any) -> None:
    ids = tokenizer("return total and more")["input_ids"]
    completion = dictate("return total and more", tokenizer, (), len(ids))
    assert completion.truncated
    assert list(completion.token_ids) == ids
    whole = dictate("return total and more", tokenizer, (), len(ids) + 1)
    assert whole.stop_reason is StopReason.END


def test_an_end_token_that_is_not_special_is_not_text(tokenizer: Any) -> None:
    model = tiny_model("llama")
    newline = tokenizer("\n")["input_ids"][0]
    before = model.generation_config.eos_token_id
    model.generation_config.eos_token_id = [before, newline]
    try:
        assert end_token_ids(model, tokenizer) == {before, newline}
        completion = dictate("return 1\nmore", tokenizer, (), 30)
    finally:
        model.generation_config.eos_token_id = before
    assert (completion.text, completion.stop_reason) == ("return 1", StopReason.END)
    assert completion.token_ids[-1] == newline


def test_finished_rows_leave_the_batch(architecture: str, tokenizer: Any) -> None:
    model = tiny_model(architecture)
    widths: list[int] = []
    handle = model.register_forward_pre_hook(
        lambda module, arguments, keywords: widths.append(keywords["input_ids"].shape[0]), with_kwargs=True
    )
    try:
        requests = [GenerationRequest(Prompt("Go."), 1 + i, 1.0, seed=i) for i in range(10)]
        completions = LocalEngine(model, tokenizer).generate(requests)
    finally:
        handle.remove()
    assert widths[0] == 1  # ten requests share one prompt: it is run once
    assert widths[1:3] == [9, 9]  # one has finished and gets no row; when the next has, a copy of the cache costs more
    assert widths[1:] == sorted(widths[1:], reverse=True)
    assert widths[-1] == 1
    assert all(len(c.token_ids) <= 1 + i for i, c in enumerate(completions))


def test_requests_that_are_alike_so_far_are_one_row(architecture: str, tokenizer: Any) -> None:
    """Of two prompts, six samples each; all write A, then half of each prompt's B and half C, then all the same."""
    model = tiny_model(architecture)
    first, second, third, last = (tokenizer(letter)["input_ids"][0] for letter in "ABCD")
    prompts = [Prompt("Go."), Prompt("Go, and do not come back.")]
    script = [{first}, {second, third}, {last}, {first}, {tokenizer.eos_token_id}]
    shapes: list[tuple[int, ...]] = []

    def dictated(_module: Any, _arguments: Any, keywords: dict[str, Any], output: Any) -> Any:
        allowed = script[len(shapes)]
        shapes.append(tuple(keywords["input_ids"].shape))
        output.logits[..., [i for i in range(output.logits.shape[-1]) if i not in allowed]] = -torch.inf
        output.logits[..., list(allowed)] = 0.0
        return output

    handle = model.register_forward_hook(dictated, with_kwargs=True)
    try:
        requests = [GenerationRequest(prompt, 9, 1.0, seed=i) for prompt in prompts for i in range(6)]
        completions = LocalEngine(model, tokenizer).generate(requests)
    finally:
        handle.remove()
    assert [rows for rows, _ in shapes] == [2, 2, 4, 4, 4]
    ends = [second, third]
    uniforms = [np.random.Generator(np.random.Philox(i)).random(5)[1] for i in range(6)]
    expected = [sorted(ends)[int(uniform >= 0.5)] for uniform in uniforms]
    assert set(expected) == set(ends)
    assert [c.token_ids for c in completions] == [
        (first, token, last, first, tokenizer.eos_token_id) for token in 2 * expected
    ]
    assert [c.log_prob for c in completions] == pytest.approx([float(np.log(0.5))] * 12)


@pytest.mark.parametrize("temperature", [0.05, 0.2, 1.0])
def test_sharing_rows_changes_no_token(
    architecture: str, tokenizer: Any, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rows = tiny_model(architecture), {True: list[int](), False: list[int]()}
    requests = [
        GenerationRequest(Prompt(PROMPTS[i % 3]), 12 + i % 5, temperature, seed=i, min_p=0.1 * (i % 2))
        for i in range(48)
    ]
    found = {}
    for shared in (True, False):
        monkeypatch.setattr(local, "SHARE_BELOW", 0.5 if shared else 0.0)
        handle = model.register_forward_pre_hook(
            lambda _m, _a, keywords, seen=rows[shared]: seen.append(keywords["input_ids"].shape[0]), with_kwargs=True
        )
        bias = prefer_end(model, tokenizer, 1.0)
        try:
            found[shared] = LocalEngine(model, tokenizer).generate(requests)
        finally:
            handle.remove()
            bias.remove()
    for one, other in zip(found[True], found[False], strict=True):
        assert replace(one, log_prob=0.0) == replace(other, log_prob=0.0)
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-9)
    assert rows[False][1] == 48
    if temperature < 0.1:  # at 1.0 the samples of these random models differ at once
        assert sum(rows[True]) < sum(rows[False]) / 2


def test_a_long_completion_outgrows_the_cache_buffer(architecture: str, tokenizer: Any) -> None:
    model = tiny_model(architecture)
    (mine,) = LocalEngine(model, tokenizer).generate([GenerationRequest(Prompt("Go."), 150, 0.0, seed=0)])
    ids = torch.tensor([tokenizer("Go.")["input_ids"]])
    theirs = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=len(mine.token_ids)
    )
    assert len(mine.token_ids) > 70
    assert list(mine.token_ids) == theirs[0, ids.shape[1] :].tolist()


def test_generation_leaves_the_training_mode_as_it_was(tokenizer: Any) -> None:
    model = tiny_model("llama")
    model.train()
    try:
        LocalEngine(model, tokenizer).generate(drawn(1))
        assert model.training
    finally:
        model.eval()


def test_each_completion_is_told_when_its_row_has_finished(tokenizer: Any) -> None:
    told: list[tuple[int, Any]] = []
    requests = [replace(r, max_tokens=limit) for r, limit in zip(drawn(6), (5, 2, 4, 2, 3, 1), strict=True)]
    model = tiny_model("llama")
    handle = prefer_end(model, tokenizer, -1e9)
    try:
        completions = LocalEngine(model, tokenizer, batch=4).generate(requests, lambda i, c: told.append((i, c)))
    finally:
        handle.remove()
    assert sorted(i for i, _ in told) == list(range(6))
    assert all(completions[i] == completion for i, completion in told)
    lengths = [len(completion.token_ids) for _, completion in told]
    assert lengths[:4] == sorted(lengths[:4])  # the first batch, shortest first
    assert lengths[4:] == sorted(lengths[4:])
    assert engine_of("llama", tokenizer).generate([]) == []


def test_a_prompt_that_fills_the_context_is_a_cut_completion_and_no_error(tokenizer: Any) -> None:
    engine = engine_of("llama", tokenizer)  # a context of 256
    word = len(tokenizer("Go.")["input_ids"])
    long, full = Prompt("Go." * (200 // word)), Prompt("Go." * (300 // word))
    cut, none, short = engine.generate(
        [GenerationRequest(prompt, 250, 1.0, seed=3) for prompt in (long, full)]
        + [GenerationRequest(Prompt("Go."), 4, 1.0, 3)]
    )
    assert len(cut.prompt_ids) + len(cut.token_ids) <= 256
    assert none.truncated
    assert none.token_ids == ()
    assert len(short.token_ids) <= 4


def test_a_finished_row_at_the_end_of_the_context_does_no_harm(tokenizer: Any) -> None:
    """Its row stays for a while beside twelve that go on; learned positions end with the context."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=1, n_head=2)
    model = GPT2LMHeadModel(config).eval()
    handle = prefer_end(model, tokenizer, -1e9)
    word = len(tokenizer("Go.")["input_ids"])
    long = GenerationRequest(Prompt("Go." * (58 // word)), 60, 1.0, seed=0)
    short = [GenerationRequest(Prompt(PROMPTS[i % 4]), 40, 1.0, seed=i) for i in range(1, 13)]
    try:
        completions = LocalEngine(model, tokenizer).generate([long, *short])
        alone = [LocalEngine(model, tokenizer).generate([request])[0] for request in (long, *short)]
    finally:
        handle.remove()
    assert len(completions[0].prompt_ids) + len(completions[0].token_ids) == 64
    assert [len(c.token_ids) for c in completions[1:]] == [40] * 12
    assert [c.token_ids for c in completions] == [c.token_ids for c in alone]


def test_a_model_whose_logits_are_no_numbers_is_an_error_and_no_text(tokenizer: Any) -> None:
    """Half-precision weights that overflow, a damaged file: every token would be noise, every score a silent zero."""
    model = tiny_model("llama")

    def overflow(_module: Any, _arguments: Any, output: Any) -> Any:
        output.logits[:] = torch.nan
        return output

    handle = model.register_forward_hook(overflow)
    try:
        with pytest.raises(ModelError, match="logits of the model are no numbers"):
            LocalEngine(model, tokenizer).generate(drawn(2))
    finally:
        handle.remove()


def generates_as_transformers_does(model: Any, tokenizer: Any) -> None:
    """Prompts of several lengths in one batch, beside transformers' own `generate` of each."""
    mine = LocalEngine(model, tokenizer).generate([GenerationRequest(Prompt(text), 12, 0.0, 0) for text in PROMPTS])
    for text, completion in zip(PROMPTS, mine, strict=True):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        theirs = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12,
            eos_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
        assert list(completion.token_ids) == theirs[0, ids.shape[1] :].tolist()


@pytest.mark.parametrize("scale", [1, 4])
def test_a_model_without_key_value_cache_generates_as_transformers_does(tokenizer: Any, scale: int) -> None:
    """As it is built (1), hardly anything that Mamba has read reaches its logits; with larger weights (4) it does."""
    torch.manual_seed(0)
    config = MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, state_size=4)
    model = MambaForCausalLM(config).double().eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(scale)
    generates_as_transformers_does(model, tokenizer)
    requests = drawn(30, temperature=1.0)
    together = LocalEngine(model, tokenizer).generate(requests)
    alone = [LocalEngine(model, tokenizer).generate([request])[0] for request in requests]
    assert [c.token_ids for c in together] == [c.token_ids for c in alone]
    assert len({c.token_ids for c in together}) > 15


def test_a_model_that_hands_out_no_cache_is_named(tokenizer: Any) -> None:
    model = tiny_model("llama")
    handle = model.register_forward_hook(lambda module, arguments, output: setattr(output, "past_key_values", None))
    try:
        with pytest.raises(ModelError, match="LlamaForCausalLM hands out no cache"):
            LocalEngine(model, tokenizer).generate(drawn(1))
    finally:
        handle.remove()


def test_a_model_with_a_cache_of_its_own_is_named(tokenizer: Any) -> None:
    config = MiniMaxConfig(
        vocab_size=400, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, head_dim=8, num_local_experts=2,
    )  # fmt: skip
    with pytest.raises(ModelError, match="MiniMaxForCausalLM hands out a MiniMaxCache in place of a DynamicCache"):
        LocalEngine(MiniMaxForCausalLM(config).eval(), tokenizer).generate(drawn(1))


def test_requests_that_mean_nothing_are_refused(tokenizer: Any) -> None:
    with pytest.raises(ModelError, match="prompt is empty"):
        engine_of("llama", tokenizer).generate([GenerationRequest(Prompt(""), 4, 1.0, seed=0)])
    with pytest.raises(ModelError, match="batch is 0"):
        engine_of("llama", tokenizer, batch=0)
    with pytest.raises(ModelError, match="token limit is 0"):
        GenerationRequest(Prompt("x"), 0, 1.0, seed=0)
    for temperature in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ModelError, match="temperature"):
            GenerationRequest(Prompt("x"), 1, temperature, seed=0)
