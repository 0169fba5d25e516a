"""How long work reports itself: one small interface, implemented by the command line and silent by default."""

from __future__ import annotations

from collections.abc import Mapping


class Reporter:
    """Receives the progress of one stage at a time. This base class is silent."""

    def begin(self, stage: str, total: int, done: int = 0, unit: str = "step") -> None:
        """Stage `stage` starts with `done` of `total` units already behind it."""

    def advance(self, done: int, facts: Mapping[str, float] | None = None) -> None:
        """`done` units are behind it; `facts` are the latest figures worth showing."""

    def end(self, note: str = "") -> None:
        """The stage is over."""

    def say(self, text: str) -> None:
        """A line for the reader."""

    def close(self) -> None:
        """Nothing more will come: give the terminal back. Called also after an error."""

    def lane(self, name: str, call: str, arguments: list[object]) -> None:
        """A second lane of work reports: `call` is one of the methods above. By default only its words pass."""
        if call == "say":
            self.say(str(arguments[0]))
