"""What a run reports while it works: its questions to venues and providers, beside the steps of the line."""

from typing import Protocol

from warehouse.progress import SilentSteps, StepProgress


class RequestProgress(Protocol):
    """Hears what is asked and how each question ended."""

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """So many more questions go to `origin`."""

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """One question has ended."""


class Progress(RequestProgress, StepProgress, Protocol):
    """Hears how far a run is: the questions of an ingestion, and the steps of the run."""


class SilentRequests:
    """Nobody listens."""

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """Nothing."""

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """Nothing."""


class Silent(SilentRequests, SilentSteps):
    """Nobody listens."""
