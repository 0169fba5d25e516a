"""What the tests of the policy share."""

from __future__ import annotations

from typing import Any

import pytest
from tiny_policies import tiny_tokenizer


@pytest.fixture(autouse=True)
def _torch_on_one_thread(one_thread: None) -> None:
    """Every test of this folder uses torch."""


@pytest.fixture(params=["llama", "qwen3_5"])
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tokenizer() -> Any:
    return tiny_tokenizer()
