"""A tiny model and problems for the training tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.policy.settings import TinyModel
from cppo.problems import Problem
from cppo.problems.crossroads.generate import generate
from cppo.problems.crossroads.oracle import CrossroadsTestbed
from cppo.problems.crossroads.settings import EQUAL
from cppo.text.prompts import COMPACT

TESTBED = CrossroadsTestbed()


@pytest.fixture(scope="session")
def problems() -> list[Problem]:
    return generate(EQUAL, "train", 12, 0)


@pytest.fixture(scope="session")
def tiny_directory(tmp_path_factory: pytest.TempPathFactory, problems: list[Problem]) -> Path:
    """A saved random Llama whose tokenizer knows the families' sentences."""
    from cppo.policy.tiny import save_tiny

    directory = tmp_path_factory.mktemp("tiny")
    sentences = list(dict.fromkeys(m for p in problems for m in TESTBED.methods(p)))
    texts = [COMPACT.direct(p.statement).text for p in problems]
    settings = TinyModel(hidden_size=32, layers=1, heads=2, feed_forward=32, vocabulary=400)
    save_tiny(directory, settings, texts, sentences, seed=1)
    return directory


@pytest.fixture
def tiny(tiny_directory: Path) -> tuple[Any, Any]:
    """The model and its tokenizer, fresh for every test."""
    from cppo.policy.loading import load_model, load_tokenizer

    return load_model(tiny_directory), load_tokenizer(tiny_directory)
