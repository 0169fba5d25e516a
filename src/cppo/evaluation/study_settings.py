"""What a study is: the training seeds of a recipe and its ablations."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from cppo.config import Section, parse_override

FULL = "full"
"""Name of the method without any ablation, where it is evaluated on its own."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class AblationSettings(Section):
    """One thing left out of the method, or done in another way."""

    title: str = ""
    """Name for people; empty: the table's name."""
    set: tuple[str, ...] = ()
    """`section.key=value` overrides laid over the recipe; what they do not touch is shared with the full method."""
    method: str = "tuple"
    """Evaluation method of the ablated policy."""
    stage: str = "joint"
    """Stage whose weights are the ablated policy."""
    solve_temperature: float | None = Field(None, ge=0)
    """Sampling temperature of its programs, where it differs from that of the evaluation."""

    @model_validator(mode="after")
    def _readable(self) -> AblationSettings:
        for text in self.set:
            parse_override(text)  # here, where the error says which ablation it is of
        return self


class StudySettings(Section):
    """Training seeds and ablations, for `cppo study` and `cppo ablate`. A single run does not read them."""

    seeds: tuple[int, ...] = (0,)
    """Training seeds, one run each; with fewer than three, seed noise is not covered."""
    ablations: dict[str, AblationSettings] = {}
    """One table an ablation; its name is that of its directory and of its arm."""

    @model_validator(mode="after")
    def _usable(self) -> StudySettings:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(
                f"study.seeds is {list(self.seeds)}; seeds are numbers from 0, each once, at least one of them, for "
                "example [0, 1, 2]"
            )
        for name in self.ablations:
            if name == FULL or not NAME.fullmatch(name):
                raise ValueError(
                    f"study.ablations.{name}: an ablation is named with letters, digits, '_', '-' and '.' (it names a "
                    f"directory), and not {FULL!r}, which is the method without ablation"
                )
        return self
