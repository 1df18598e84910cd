"""Asking for a history: what a first page needs, within minutes, and depth behind it, the newest part first.

A home's history begins at `source.starts_at`, which is moved back only when a step has been asked completely: after a
kill the next run goes on with the step that it was in, and asks nothing twice that has landed.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingestion.http.fetch import NotAsked, NotKept, NotOffered, Task
from ingestion.ingest import Ingested, foreseen, ingest_together
from ingestion.planning import costs
from ingestion.planning.endpoints import endpoints
from ingestion.planning.spans import TimeSpan
from ingestion.progress import RequestProgress
from ingestion.session import Session
from warehouse import coverage
from warehouse.clock import remember_clock
from warehouse.contracts import DATASETS, INSTRUMENTS, MARKET_CAPS
from warehouse.database import connect
from warehouse.landing import Judge
from warehouse.loading import load_landed
from warehouse.source import Source
from warehouse.week import Week

ASKING = "asking"
# What says what there is to ask for, and how large each coin is.
LISTS = (INSTRUMENTS.name, MARKET_CAPS.name)
HISTORIES = tuple(name for name in DATASETS if name != INSTRUMENTS.name)
LISTS_S = 60.0  # or a tenth of the time, where that is less: their rest comes with everything else
# How long the real services are asked before a page; what is left is asked by the next run, or by a deepening.
FIRST_MINUTES = 14.0
# How much longer each step makes the history. A publication between two would cost more than it shows.
STEP = timedelta(weeks=13)
# Bytes on disk per row: landed, and in a database, of which there are two (staging and the published copy). From a home
# of 742,000 candles and 471,000 settlements.
LANDED_BYTES = {"candles": 33}
OTHER_LANDED_BYTES = 12
DATABASE_BYTES = 115
DATABASES = 2


@dataclass
class _OneStep:
    """All datasets' questions as one step of a run."""

    progress: RequestProgress

    def asked(self, _dataset: str, origin: str, questions: int) -> None:
        """More questions go out."""
        self.progress.asked(ASKING, origin, questions)

    def answered(self, _dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """One has ended."""
        self.progress.answered(ASKING, origin, rows, is_failed)


def ask_in_time(session: Session, week: Week, judge: Judge, minutes: float | None = None) -> Session:
    """Ask for a whole run as long as it may take: the real services FIRST_MINUTES where nothing else is said.

    Whoever starts a run of the whole line goes through here. Any other source is on this machine: its steps ask it
    themselves, however long that takes.
    """
    if minutes is None and session.source.kind == "live":
        minutes = FIRST_MINUTES
    return session if minutes is None else ask_first(session, week, judge, 60 * minutes)


def ask_first(session: Session, week: Week, judge: Judge, seconds: float) -> Session:
    """Ask everyone at the same time for what is due, and what `week` needs first; begin no question after `seconds`.

    The session of a run that asks nobody any more.
    """
    session.progress.start(ASKING)
    began = time.monotonic()
    _ask(session, LISTS, judge, seconds=min(LISTS_S, seconds / 10))
    left = max(seconds / 2, seconds - (time.monotonic() - began))
    _load(session, session.source)
    came = _ask(session, HISTORIES, judge, first=week, seconds=left)
    session.progress.finish(ASKING, _in_words(came))
    return replace(session, is_asked=True)


def deepen(session: Session, target: datetime, judge: Judge) -> Session:
    """Ask for what is left of the home's history, then for more of it, step by step, back to `target`.

    Each step is loaded, and the home's history begins with it, before the next one. The session of a run that asks
    nobody any more.
    """
    _load(session, session.source)
    session.progress.start(ASKING)
    _ask(session, (INSTRUMENTS.name,), judge)
    _load(session, session.source)
    session.progress.finish(ASKING, "lists of instruments")
    for span in steps(session.source, target):
        session.progress.start(ASKING)
        source = session.source.since(min(span[0], session.source.starts_at))
        session = replace(session, source=source)
        came = _ask(session, HISTORIES, judge, wanted=[span], deepest=target)
        _load(session, source)
        session.progress.finish(ASKING, f"back to {span[0]:%Y-%m-%d}: {_in_words(came)}")
    return replace(session, is_asked=True)


def steps(source: Source, target: datetime) -> list[TimeSpan]:
    """The spans to ask for, the newest first: the home's history, for what is left of it, and what lies behind."""
    spans = [(source.starts_at, source.now)]
    while spans[-1][0] > target:
        end = spans[-1][0]
        spans.append((max(target, end - STEP), end))
    return spans


@dataclass(frozen=True)
class HistoryPlan:
    """What a deepening is expected to take: by origin over all steps, minutes with the slowest origin of each step."""

    starts_at: datetime
    origins: Sequence[costs.OriginCost]
    minutes: float
    disk_mb: float

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(cost.requests for cost in self.origins)


def plan_of(session: Session, target: datetime) -> HistoryPlan:
    """The plan of `deepen`, asking nobody: from the instruments that are known."""
    tasks: list[tuple[str, Task]] = []
    minutes = 0.0
    for questions in _of_steps(session, target):
        step = [task for of_dataset in questions.values() for task in of_dataset]
        minutes += max((cost.minutes for cost in costs.by_origin(step)), default=0.0)
        tasks += ((dataset, task) for dataset, of_dataset in questions.items() for task in of_dataset)
    disk = sum(disk_mb(dataset, task.cost.rows) for dataset, task in tasks)
    return HistoryPlan(target, costs.by_origin(task for _, task in tasks), minutes, disk)


def disk_mb(dataset: str, rows: int) -> float:
    """What rows take on the disk, in megabytes."""
    return rows * (LANDED_BYTES.get(dataset, OTHER_LANDED_BYTES) + DATABASES * DATABASE_BYTES) / 1e6


def _of_steps(session: Session, target: datetime) -> Iterator[dict[str, list[Task]]]:
    for n, span in enumerate(steps(session.source, target)):
        source = session.source.since(min(span[0], session.source.starts_at))
        questions = foreseen(HISTORIES, home=session.home, source=source, wanted=[span], deepest=target)
        # What is given whole is asked in the first step, and so lies in no other one's span.
        yield {
            dataset: [t for t in tasks if n == 0 or (span[0] <= t.window_start and t.window_end <= span[1])]
            for dataset, tasks in questions.items()
        }


def _ask(session: Session, datasets: Sequence[str], judge: Judge, **how: object) -> dict[str, Ingested]:
    return ingest_together(
        datasets,
        home=session.home,
        source=session.source,
        judge=judge,
        progress=_OneStep(session.progress),
        **how,  # type: ignore[arg-type]
    )


def _load(session: Session, source: Source) -> None:
    """What has landed into raw, the ledger with it, and the home's history as long as it is now."""
    with connect(session.home) as connection:
        load_landed(connection, session.home)
        coverage.update(connection, source.now, source.starts_at, endpoints())
    remember_clock(session.home, source)


def _in_words(came: dict[str, Ingested]) -> str:
    questions = sum(result.requests for result in came.values())
    words = [f"{questions:,} questions, {sum(result.rows for result in came.values()):,} rows"]
    left = sum(len(result.not_asked) for result in came.values())
    # That it keeps or offers none is an answer.
    known = (NotAsked.PREFIX, NotKept.PREFIX, NotOffered.PREFIX)
    unanswered = [r for result in came.values() for r in result.failed if not (r.reason or "").startswith(known)]
    if unanswered:
        words.append(f"{len(unanswered):,} unanswered ({', '.join(sorted({r.origin for r in unanswered}))})")
    if left:
        words.append(f"{left:,} left for later")
    return ", ".join(words)
