"""Archives in a plan: which part of a history their files give, and the questions for it.

The question for an instrument's list names those for its files: one for a month of daily files, or a year of monthly
ones. A file that cannot be had is a failed question of its own: the others stand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.archives import ARCHIVES
from ingestion.archives.archive import Archive, FileKind, Period, periods
from ingestion.archives.client import ArchiveClient
from ingestion.archives.files import at_asked_moments, read_texts, to_dataset
from ingestion.archives.listing import ListedFile
from ingestion.http.fetch import Answer, Cost, Covered, FetchError, Malformed, Task
from ingestion.planning import costs
from ingestion.planning.plan import Instrument, Plan, Reading
from ingestion.planning.spans import TimeSpan, joined, left_of, within
from ingestion.venues import VENUES
from ingestion.venues.venue import History
from warehouse.contracts import CANDLES, DATASETS, Dataset

HOUR = timedelta(hours=1)
# Whether files were replaced is not asked again so soon: a run that was killed goes on where it was.
RELISTED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Offer:
    """An archive that has the dataset of a plan for an instrument, in files of one kind."""

    archive: Archive
    kind: FileKind
    calls_per_minute: float


def offer(plan: Plan, venue: str, market_type: str) -> Offer | None:
    """Who has files of the plan's dataset for a market; None where nobody has, or nobody is to be asked."""
    for name, scope in plan.universe.archives.items():
        archive = ARCHIVES[name]
        kind = archive.kind(market_type, plan.dataset) if archive.venue == venue else None
        if kind:
            return Offer(archive, kind, scope.calls_per_minute)
    return None


def given_by_files(plan: Plan, found: Offer, instrument: Instrument, endpoint: History, span: TimeSpan) -> bool:
    """True if the beginning of a span is to be read from files.

    What the API keeps no longer: where history is asked for, or this span of this instrument, or a hole is known there.
    What it keeps too: where history is asked for, and files are sooner had.
    """
    start, end = span[0], min(span[1], found.kind.holds_until(plan.source.now))
    if start >= end:
        return False
    kept_from = plan.kept_from(endpoint)
    if kept_from is not None and start < kept_from:
        key = (instrument.venue, instrument.market_type, instrument.venue_symbol)
        is_hole = any(first < end and start < last for first, last in plan.gaps.get(key, ()))
        return plan.deepest is not None or is_hole or bool(plan.only and plan.only.span)
    if plan.deepest is None:
        return False
    market = VENUES[instrument.venue].market(instrument.market_type)
    api = costs.of_history(market, endpoint, start, end, plan.source.now)
    return is_sooner(costs.of_files(found.kind, start, end, found.calls_per_minute), api)


def is_sooner(files: Cost, api: Cost) -> bool:
    """True if files take less time than the API, or as much with fewer requests."""
    return (files.seconds, files.requests) < (api.seconds, api.requests)


def file_part(plan: Plan, found: Offer, endpoint: History, span: TimeSpan) -> TimeSpan:
    """The part of a span that files give: up to where the API keeps it, or where there are files."""
    end = min(span[1], found.kind.holds_until(plan.source.now))
    kept_from = plan.kept_from(endpoint)
    return span[0], min(end, kept_from) if kept_from is not None and span[0] < kept_from else end


def archive_task(plan: Plan, found: Offer, client: ArchiveClient, instrument: Instrument, span: TimeSpan) -> Task:
    """The question for the list of an instrument's files; its answer names those for the files, which it costs too.

    Files that were read before and that the same pages show as replaced since are asked for again.
    """
    symbol, turn = instrument.venue_symbol, plan.turn(instrument)
    cost = costs.of_files(found.kind, *span, found.calls_per_minute)

    async def directions() -> Answer:
        files, seen = await _listed(client, found.kind, symbol, span)
        reading = _Reading(client, found.kind, DATASETS[plan.dataset], symbol, turn)
        others = [file for file in seen if file not in files]
        known = [] if relisted(plan, found, instrument) else _readings(plan, found, instrument)
        parts = [*_parts(files, span), *_replaced(others, known)]
        return Answer(None, then=[reading.task(part, window) for part, window in parts], is_indirect=True)

    venue, market_type = found.archive.venue, found.kind.market_type
    return Task(client.throttle, venue, market_type, symbol, *span, directions, cost, turn, found.archive.name)


def only_files_tasks(plan: Plan, found: Offer, client: ArchiveClient, instrument: Instrument) -> Iterator[Task]:
    """The questions for what files alone have: what is not known, in whole periods, up to where files are by now."""
    length = found.kind.lengths[-1]
    there_until = found.kind.holds_until(plan.source.now)
    for start, end in plan.spans(instrument):
        *_, last = periods(start, end, length)
        start, end = Period.holding(start, length).start, min(last.end, there_until)
        if start < end:
            yield archive_task(plan, found, client, instrument, (start, end))


def relisted(plan: Plan, found: Offer, instrument: Instrument) -> list[TimeSpan]:
    """What was read from an instrument's files so long ago that a longer history asks whether they were replaced."""
    if plan.deepest is None or plan.only:
        return []
    long_ago = plan.source.now - RELISTED_AFTER
    spans = joined((r.start, r.end) for r in _readings(plan, found, instrument) if r.read_at <= long_ago)
    return spans if plan.wanted is None else within(spans, plan.wanted)


def relisting_task(
    plan: Plan, found: Offer, client: ArchiveClient, instrument: Instrument, spans: Sequence[TimeSpan]
) -> Task:
    """The question for lists alone; its answer names those for files that were replaced since they were read."""
    symbol, turn, known = instrument.venue_symbol, plan.turn(instrument), _readings(plan, found, instrument)
    span = spans[0][0], spans[-1][1]

    async def directions() -> Answer:
        reading = _Reading(client, found.kind, DATASETS[plan.dataset], symbol, turn)
        files, _ = await _listed(client, found.kind, symbol, span)
        return Answer(None, then=[reading.task(*part) for part in _replaced(files, known)], is_indirect=True)

    cost = costs.of_lists(found.kind, *span, found.calls_per_minute)
    venue, market_type = found.archive.venue, found.kind.market_type
    return Task(client.throttle, venue, market_type, symbol, *span, directions, cost, turn, found.archive.name)


def _readings(plan: Plan, found: Offer, instrument: Instrument) -> Sequence[Reading]:
    return plan.readings.get((found.archive.venue, found.kind.market_type, instrument.venue_symbol), ())


def _replaced(files: Iterable[ListedFile], known: Sequence[Reading]) -> Iterator[tuple[list[ListedFile], TimeSpan]]:
    """Files that were written after all that was read of their time, each with that time."""
    for file in files:
        read = [r for r in known if r.start < file.period.end and file.period.start < r.end]
        if read and file.modified_at > max(r.read_at for r in read):
            yield [file], _within(file.period, (min(r.start for r in read), max(r.end for r in read)))


async def _listed(
    client: ArchiveClient, kind: FileKind, symbol: str, span: TimeSpan
) -> tuple[list[ListedFile], list[ListedFile]]:
    """The files that hold the span (the longest there are, shorter ones for what those do not hold), and all seen."""
    files: list[ListedFile] = []
    seen: list[ListedFile] = []
    left = [span]
    for length in kind.lengths:
        longer = [file.period for file in seen]
        for start, end in left:
            found = await client.listed(kind.prefix(symbol, length), Period.holding(start, length), end)
            found = [file for file in found if file.period.length == length]
            # What a longer file holds too, that one tells.
            seen += (f for f in found if not any(p.start <= f.period.start < p.end for p in longer))
            files += (file for file in found if file.period.end > start and file.period.start < end)
        left = left_of(span, [(file.period.start, file.period.end) for file in files])
    return sorted(files, key=lambda file: file.period.start), seen


def _parts(files: Sequence[ListedFile], span: TimeSpan) -> Iterator[tuple[list[ListedFile], TimeSpan]]:
    """Files that are read at once (of a month; monthly ones, of a year) with the part of the span that they answer.

    The parts are the whole span: that there is no file for a day is an answer too.
    """
    parts: dict[tuple[int, int], list[ListedFile]] = {}
    for file in files:
        day = file.period.first_day
        parts.setdefault((day.year, day.month if file.period.length == "day" else 0), []).append(file)
    start = span[0]
    ordered = sorted(parts.values(), key=lambda part: part[0].period.start)
    for i, part in enumerate(ordered):
        end = span[1] if i == len(ordered) - 1 else min(max(file.period.end for file in part), span[1])
        yield part, (start, max(end, start))
        start = max(end, start)
    if not ordered:
        yield [], span


@dataclass(frozen=True)
class _Reading:
    """How files of an instrument become rows of a dataset."""

    client: ArchiveClient
    kind: FileKind
    dataset: Dataset
    symbol: str
    turn: int

    def task(self, files: Sequence[ListedFile], window: TimeSpan) -> Task:
        """The question for some files, which answer for a window."""
        return self._task(window, partial(self._read, files, window))

    def _task(self, window: TimeSpan, run: Callable[[], Awaitable[Answer]]) -> Task:
        throttle, venue = self.client.throttle, self.client.archive.venue
        return Task(
            throttle, venue, self.kind.market_type, self.symbol, *window, run, Cost(requests=0), self.turn,
            self.client.archive.name,
        )  # fmt: skip

    async def _read(self, files: Sequence[ListedFile], window: TimeSpan) -> Answer:
        texts, failed = await self._texts(files)
        rows, unread = await asyncio.to_thread(self._rows, texts, window)
        failed |= unread
        if not failed:
            return Answer(rows)
        if len(failed) == len(files):
            raise next(iter(failed.values()))
        lost = {_within(file.period, window): error for file, error in failed.items()}
        told = [self._covered(rows, span) for span in left_of(window, list(lost))]
        then = [self._task(span, partial(_failed, error)) for span, error in lost.items()]
        return Answer(rows, told, then, is_indirect=True)

    async def _texts(self, files: Sequence[ListedFile]) -> tuple[dict[ListedFile, bytes], dict[ListedFile, FetchError]]:
        texts: dict[ListedFile, bytes] = {}
        failed: dict[ListedFile, FetchError] = {}
        at_once = asyncio.Semaphore(self.client.archive.at_once)

        async def one(file: ListedFile) -> None:
            try:
                async with at_once:
                    texts[file] = await self.client.text(file)
            except FetchError as error:
                failed[file] = error

        await asyncio.gather(*map(one, files))
        return texts, failed

    def _rows(
        self, texts: Mapping[ListedFile, bytes], window: TimeSpan
    ) -> tuple[pa.Table, dict[ListedFile, FetchError]]:
        """The rows of all texts that can be read, and those that cannot."""
        failed: dict[ListedFile, FetchError] = {}
        try:
            read = read_texts(self.kind, {file.key: text for file, text in texts.items()}, self.symbol)
        except Malformed:
            parts = []
            for file, text in texts.items():
                try:
                    parts.append(read_texts(self.kind, {file.key: text}, self.symbol))
                except Malformed as error:
                    failed[file] = error
            read = pa.concat_tables(parts) if parts else read_texts(self.kind, {}, self.symbol)
        venue = self.client.archive.venue
        rows = to_dataset(self.kind, at_asked_moments(self.kind, read), self.dataset, venue, self.symbol)
        return self._between(rows, window), failed

    def _between(self, rows: pa.Table, window: TimeSpan) -> pa.Table:
        """The rows of a window, edges included, as the API gives them: a candle that begins at its end is not over."""
        start, end = (edge.replace(tzinfo=None) for edge in window)
        if self.dataset is CANDLES:
            end -= HOUR
        times = rows[str(self.dataset.time_column)]
        inside = pc.and_(
            pc.greater_equal(times, pa.scalar(start, times.type)), pc.less_equal(times, pa.scalar(end, times.type))
        )
        return rows.filter(inside)

    def _covered(self, rows: pa.Table, span: TimeSpan) -> Covered:
        return Covered(self.kind.market_type, self.symbol, *span, self._between(rows, span).num_rows)


def _within(period: Period, window: TimeSpan) -> TimeSpan:
    return max(period.start, window[0]), min(period.end, window[1])


async def _failed(error: FetchError) -> Answer:
    raise error
