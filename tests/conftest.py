"""Settings every test shares: one thread, no network, and no deadline for hypothesis on a busy machine."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

settings.register_profile("cppo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cppo")


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Keep torch to one thread: tiny models are fastest so. Only tests that need torch ask for it."""
    import torch

    torch.set_num_threads(1)
