"""What a run reports of its steps while it works."""

from typing import Protocol


class StepProgress(Protocol):
    """Hears how far a run is, step by step."""

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins; `total` units of work if that is known."""

    def advance(self, step: str, units: int = 1) -> None:
        """Some of a step's work is done."""

    def finish(self, step: str, outcome: str) -> None:
        """A step is over; `outcome` in a few words."""


class SilentSteps:
    """Nobody listens."""

    def start(self, step: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, step: str, units: int = 1) -> None:
        """Nothing."""

    def finish(self, step: str, outcome: str) -> None:
        """Nothing."""
