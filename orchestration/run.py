"""Running weeks from another program, in its own process: what `regime run` and `regime backfill` call."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dagster import ExecuteInProcessResult, InitLoggerContext, logger

from ingestion.secrets import Redaction
from ingestion.session import Session
from orchestration.checks import GUARDS
from orchestration.definitions import assemble
from orchestration.instance import PROCESS_TAG, instance_of
from orchestration.jobs import NAME
from orchestration.materialisations import range_tags
from warehouse.database import connect
from warehouse.home import Home
from warehouse.publishing.gate import blocking_reasons
from warehouse.week import Week

# Errors whose message already says what is wrong and what to do: what caused them is for the log.
_IN_WORDS = {"HomeError", "LandingError", "SourceError", "ProjectError"}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its number in Dagster, and what went wrong (empty: nothing)."""

    run_id: str
    failures: list[str]

    @property
    def is_success(self) -> bool:
        """True if the weeks are published."""
        return not self.failures


def log_file(home: Home) -> Path:
    """Where runs in this process write what a terminal is spared."""
    return home.dagster / "run.log"


def run_weeks(session: Session, weeks: Sequence[Week]) -> RunOutcome:
    """Run the line once for consecutive weeks. Raises nothing for a run that fails: the outcome says why."""
    with instance_of(session.home) as instance, _quiet(log_file(session.home)):
        definitions = assemble(session.home, resources={"session": session}, loggers={"console": _file_logger})
        tags = {PROCESS_TAG: str(os.getpid())}
        if len(weeks) > 1:
            tags |= range_tags(weeks)
        result = definitions.resolve_job_def(NAME).execute_in_process(
            instance=instance,
            partition_key=weeks[0].start.isoformat() if len(weeks) == 1 else None,
            tags=tags,
            raise_on_error=False,
        )
    return RunOutcome(result.run_id, [] if result.success else _failures(session, result))


def _failures(session: Session, result: ExecuteInProcessResult) -> list[str]:
    """What the guards say if one of them stopped the line, else the first step that failed."""
    failed = [event for event in result.all_events if event.is_step_failure]
    if any((event.step_key or "").startswith(GUARDS) for event in failed):
        with connect(session.home) as connection:
            return [reason for reason in blocking_reasons(connection) if reason.startswith("guard ")][:3]
    return [f"{_step_in_words(e.step_key)}: {_cause(e)}" for e in failed[:1]] or ["the run was stopped"]


def _step_in_words(step_key: str | None) -> str:
    return (step_key or "run").replace("__", "/")


def _cause(event: object) -> str:
    data = getattr(event, "step_failure_data", None)
    error = getattr(data, "error", None)
    user = getattr(data, "user_failure_data", None)
    if user and user.description:
        return str(user.description)
    while error is not None and error.cause is not None and error.cls_name not in _IN_WORDS:
        error = error.cause
    if error and error.cls_name in _IN_WORDS:
        return " ".join(error.message.split(": ", 1)[-1].split())
    return " ".join(error.message.split())[:500] if error else "no reason was given"


@logger
def _file_logger(context: InitLoggerContext) -> logging.Logger:
    """Everything into the home's run.log: a terminal shows progress instead."""
    quiet = logging.getLogger("regime.dagster")
    quiet.setLevel(logging.INFO)
    quiet.propagate = False
    return quiet


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Send logs, and whatever libraries print, to a file."""
    handler = RotatingFileHandler(path, maxBytes=5_000_000, backupCount=2, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Redaction())
    names = ("regime.dagster", "dagster", "")
    loggers = [logging.getLogger(name) for name in names]
    kept = [(log, log.handlers[:], log.propagate) for log in loggers]
    for log in loggers:
        log.handlers = [handler]
        log.propagate = False
    try:
        with (
            open(path, "a", encoding="utf-8", errors="backslashreplace") as out,
            redirect_stdout(out),
            redirect_stderr(out),
        ):
            yield
    finally:
        for log, handlers, propagate in kept:
            log.handlers, log.propagate = handlers, propagate
        handler.close()
        sys.stdout.flush()
