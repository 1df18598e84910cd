"""Telling: each alert once, to a file and to a webhook, whatever dies in between.

The ledger is the home's own: it outlives Dagster's instance, its cursors, and every process. An alert is written down
as pending, with its whole message, before anything is sent, and as sent after; a pending one that is found later is
tried again under the same id. The file holds each id once, always. A webhook without acknowledgement may see a message
twice, if we die between its answer and our note of it: the id in the message, and in the header Idempotency-Key, tells
that it is the same.

Only news are told: of a home with history the newest week, at the first time; later every new week, and whatever a
revision changed in a week that was looked at before. Older weeks that a backfill adds are history.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from alerts import webhook
from alerts.rules import Alert, Published, read
from alerts.webhook import Failure
from ingestion.secrets import SecretError
from warehouse.files import sync_directory
from warehouse.home import Home

# How long after each failed try the next one comes; after the last, none. The first waits for the next tick only.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 5, 15, 60, 180, 360, 720))
TRIES = len(WAITS) + 1
# A tick of the sensor is short: what does not fit waits for the next.
TICK_SECONDS = 30.0

Now = Callable[[], datetime]


class AlertError(RuntimeError):
    """Nothing can be told; the message says what to do."""


@dataclass
class Entry:
    """What the ledger knows of an alert. Without one: known, and never told."""

    alert: Alert | None = None
    is_open: bool = False
    tries: int = 0
    next_try_at: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What a tick did: how many alerts were told, how many wait, and what went wrong, a line each."""

    delivered: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = ()
    note: str = ""

    @property
    def words(self) -> str:
        """The outcome in a line."""
        return self.note or f"{self.delivered} delivered, {self.waiting} waiting"


@dataclass
class Ledger:
    """The ledger, as it was read and as it grows. Every event is on the disk before `add` returns."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        """The ledger of a home; a line that a killed process left unfinished is cut off. AlertError if damaged."""
        ledger = cls(path)
        for number, text in enumerate(_whole_lines(path), start=1):
            try:
                ledger._apply(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise AlertError(
                    f"line {number} of {path} is damaged, so nobody knows what was told; restore the file, or move it "
                    "away: then only the newest week is told again"
                ) from error
        return ledger

    def add(self, *events: dict[str, Any]) -> None:
        """Write events down, then count with them."""
        _append(self.path, [json.dumps(event) for event in events])
        for event in events:
            self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "seen":
            self.seen.add(str(event["week"]))
            return
        if kind == "known":
            self.entries[str(event["id"])] = Entry()
            return
        if kind == "pending":
            alert = Alert.of(event["alert"])
            self.entries[alert.id] = Entry(alert, is_open=True)
            return
        entry = self.entries[event["id"]]
        if kind == "trying":
            entry.tries, entry.next_try_at = int(event["try"]), None
        elif kind == "failed":
            entry.next_try_at = datetime.fromisoformat(event["next_try_at"])
        elif kind in ("sent", "given_up"):
            entry.is_open = False
        else:
            raise ValueError(kind)


def deliver(home: Home, now: Now = lambda: datetime.now(UTC)) -> Outcome:
    """Tell what is new in the version that readers see, and what an earlier call left to do."""
    if not home.current.exists():
        return Outcome(note="nothing is published yet")
    directory = home.path / "alerts"
    directory.mkdir(exist_ok=True)
    with _alone(directory) as is_alone:
        if not is_alone:
            return Outcome(note="another process is delivering")
        ledger = Ledger.read(directory / "ledger.jsonl")
        published = read(home)
        if published is not None:
            _queue_new(ledger, published, now)
        return _send_open(home, ledger, directory / "alerts.jsonl", now)


def _queue_new(ledger: Ledger, published: Published, now: Now) -> None:
    """Make what is new pending. News come before history, and a week is seen when all its alerts are written down.

    So whoever dies half-way leaves nothing out and takes no history for news.
    """
    newest = max(ledger.seen, default=max(published.weeks, default=""))
    is_news = {week: week in ledger.seen or week >= newest for week in published.weeks}
    at = _text(now())
    for week in sorted(published.weeks, key=lambda week: (not is_news[week], week)):
        new = [alert for alert in published.alerts if alert.week == week and alert.id not in ledger.entries]
        events: list[dict[str, Any]] = [
            {"event": "pending", "at": at, "alert": alert.content()}
            if is_news[week]
            else {"event": "known", "at": at, "id": alert.id, "week": week, "kind": alert.kind, "name": alert.name}
            for alert in new
        ]
        if week not in ledger.seen:
            events.append({"event": "seen", "at": at, "week": week})
        if events:
            ledger.add(*events)


def _send_open(home: Home, ledger: Ledger, file: Path, now: Now) -> Outcome:
    """Send what is open and due. One that fails leaves the others alone."""
    problems: list[str] = []
    try:
        url, is_usable = webhook.address(), True
    except SecretError as error:
        url, is_usable = None, False
        problems.append(str(error))
    started, delivered = monotonic(), 0
    written = _ids_in(file)
    for entry in list(ledger.entries.values()):
        alert = entry.alert
        if alert is None or not entry.is_open:
            continue
        if alert.id not in written:
            _append(file, [json.dumps(alert.content() | {"told_at": _text(now())})])
            written.add(alert.id)
        is_due = entry.next_try_at is None or entry.next_try_at <= now()
        if not is_usable or (url and (not is_due or monotonic() - started > TICK_SECONDS)):
            continue
        if url is None:
            ledger.add({"event": "sent", "at": _text(now()), "id": alert.id, "to": ["file"]})
            delivered += 1
            continue
        if entry.tries >= TRIES:  # the last try died with its process
            problems.append(_give_up(ledger, entry, alert, "the process died while it was sent", now))
            continue
        ledger.add({"event": "trying", "at": _text(now()), "id": alert.id, "try": entry.tries + 1})
        failure = webhook.send(url, alert, home.path / alert.picture if alert.picture else None)
        if failure is None:
            ledger.add({"event": "sent", "at": _text(now()), "id": alert.id, "to": ["file", "webhook"]})
            delivered += 1
        elif entry.tries >= TRIES:
            problems.append(_give_up(ledger, entry, alert, failure.why, now))
        else:
            problems.append(_try_later(ledger, entry, alert, failure, now))
    waiting = sum(entry.is_open for entry in ledger.entries.values())
    return Outcome(delivered, waiting, tuple(problems))


def _try_later(ledger: Ledger, entry: Entry, alert: Alert, failure: Failure, now: Now) -> str:
    wait = max(WAITS[entry.tries - 1], failure.wait or timedelta())
    at = now()
    ledger.add(
        {"event": "failed", "at": _text(at), "id": alert.id, "try": entry.tries, "why": failure.why,
         "next_try_at": _text(at + wait)}
    )  # fmt: skip
    return (
        f"{alert.kind} of {alert.week} did not reach the webhook: {failure.why} (try {entry.tries} of {TRIES}, "
        f"the next one {'at the next tick' if not wait else f'in {wait}'}); it stands in alerts.jsonl"
    )


def _give_up(ledger: Ledger, entry: Entry, alert: Alert, why: str, now: Now) -> str:
    ledger.add({"event": "given_up", "at": _text(now()), "id": alert.id, "tries": entry.tries, "why": why})
    return f"{alert.kind} of {alert.week} is given up after {entry.tries} tries: {why}; it stands in alerts.jsonl only"


@contextmanager
def _alone(directory: Path) -> Iterator[bool]:
    """True where no other process tells from this home. The kernel frees the lock with its holder."""
    with open(directory / "lock", "ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _ids_in(file: Path) -> set[str]:
    """The alerts that the file holds. A line that is none of ours is nobody's business."""
    ids = set()
    for text in _whole_lines(file):
        try:
            ids.add(str(json.loads(text)["id"]))
        except (ValueError, KeyError, TypeError):
            continue
    return ids


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file; what a killed process left of a last one is cut off."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with open(path, "r+b") as handle:
            handle.truncate(len(whole))
            os.fsync(handle.fileno())
    return whole.decode("utf-8", "replace").splitlines()


def _append(path: Path, lines: list[str]) -> None:
    """Append lines and wait until they are on the disk."""
    is_new = not path.exists()
    with open(path, "ab") as handle:
        handle.write("".join(f"{line}\n" for line in lines).encode())
        handle.flush()
        os.fsync(handle.fileno())
    if is_new:
        sync_directory(path.parent)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
