"""The chain: what was published, line by line, each line holding the hash of the one before.

A line is written for each publication of a week's content: where its files are what its newest line says, there is
nothing to add. Then comes a line for the database that was published with the pages, its seal. Lines are never changed.
The chain proves order and content to whoever noted one of its hashes elsewhere; to everybody else it only proves that
pages and database fit the chain: who can write both can write them anew.

It is published with the pages, in the same swap, and copied from the version that readers see. After a rollback it is
the older version's chain that goes on: what was published in between is no longer in it, as it is no longer on the
pages; the versions that are kept still have it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from report.archive.published import summary_of, verdict_in, week_labels, week_of
from report.files import write_whole

FILE = "chain.jsonl"


class Line:
    """One line of the chain, whatever it is about."""

    number: int
    recorded_at: str
    previous: str | None

    @property
    def name(self) -> str:
        """Whom the line is about."""
        raise NotImplementedError

    def content(self) -> dict[str, Any]:
        """What is hashed."""
        raise NotImplementedError

    @property
    def sha256(self) -> str:
        """The line's own hash, over everything in it."""
        return hashlib.sha256(_canonical(self.content())).hexdigest()

    def text(self) -> str:
        """The line as it stands in the file: one way only."""
        return _canonical(self.content() | {"sha256": self.sha256}).decode()


@dataclass(frozen=True)
class ChainEntry(Line):
    """One publication of a week's content. `files` are the hashes of all files of the week's directory.

    `is_adopted`: the week was published by a version that kept no chain, and taken in as it was found; nobody knows as
    of when. Its verdict is what the page says. `labels` are those of the regime's models, of a week that was published
    before the week after was over; else None.
    """

    number: int
    week: str
    verdict: str | None
    as_of: str | None
    recorded_at: str
    source: str | None
    is_simulated: bool | None
    files: dict[str, str]
    previous: str | None
    is_adopted: bool
    labels: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """Whom the line is about."""
        return self.week if week_of(self.week) else ""

    def content(self) -> dict[str, Any]:
        """What is hashed."""
        content = {
            "number": self.number,
            "week": self.week,
            "verdict": self.verdict,
            "as_of": self.as_of,
            "recorded_at": self.recorded_at,
            "source": self.source,
            "is_simulated": self.is_simulated,
            "files": self.files,
            "previous": self.previous,
        }
        adopted = {"adopted": True} if self.is_adopted else {}
        return content | adopted | ({"labels": self.labels} if self.labels else {})


@dataclass(frozen=True)
class Seal(Line):
    """The database of one publication: its digest as marts.publications has it, its file's SHA-256, its marts' digests.

    The marts' digests are those of an `engine`: another one hashes rows otherwise.
    """

    number: int
    publication: int
    digest: str
    database: str
    marts: dict[str, str]
    engine: str
    recorded_at: str
    previous: str | None

    @property
    def name(self) -> str:
        """Whom the line is about."""
        return f"publication {self.publication}"

    def content(self) -> dict[str, Any]:
        """What is hashed."""
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was published: what (a line of the chain, a week, a file), and how it shows."""

    what: str
    how: str


@dataclass(frozen=True)
class Check:
    """What a check found. `lines` are those that can be read; no finding: all pages are as they were published."""

    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]

    @property
    def entries(self) -> tuple[ChainEntry, ...]:
        """The lines of weeks."""
        return tuple(line for line in self.lines if isinstance(line, ChainEntry))

    @property
    def seals(self) -> tuple[Seal, ...]:
        """The lines of databases."""
        return tuple(line for line in self.lines if isinstance(line, Seal))

    @property
    def head(self) -> str | None:
        """The hash of the last line: noted elsewhere, it proves all before it."""
        return self.lines[-1].sha256 if self.lines else None


def record(
    reports: Path,
    weeks: Sequence[str],
    *,
    as_of: datetime,
    recorded_at: datetime,
    labels: Mapping[str, Any] | None = None,
) -> list[ChainEntry]:
    """Append a line for each of `weeks`, just written, whose files are not those of its newest line.

    Weeks that lie there without any line are taken in first. A week that was carried along gets no new line, whatever
    lies there now: else an edited page would be made honest by the next publication. `labels` by week are those of the
    weeks that are told in time.
    """
    known = _texts(reports)
    read = [_parse(text) for text in known]
    newest = {line.week: line for line in read if isinstance(line, ChainEntry)}
    added: list[ChainEntry] = []
    adopted = [week for week in week_labels(reports) if week not in newest and week not in weeks]
    for week in [*adopted, *sorted(set(weeks))]:
        files = _hashes(reports / week)
        if week in newest and newest[week].files == files:
            continue
        summary = summary_of(reports / week)
        source, is_simulated = (summary or {}).get("source"), (summary or {}).get("is_simulated")
        added.append(
            ChainEntry(
                number=len(known) + len(added) + 1,
                week=week,
                verdict=verdict_in(summary),
                as_of=None if week in adopted else _moment(as_of),
                recorded_at=_moment(recorded_at.replace(microsecond=0)),
                source=source if isinstance(source, str) else None,
                is_simulated=is_simulated if isinstance(is_simulated, bool) else None,
                files=files,
                previous=added[-1].sha256 if added else _last_hash(known),
                is_adopted=week in adopted,
                labels=(labels or {}).get(week),
            )
        )
    _append(reports, known, added)
    return added


def seal(
    reports: Path,
    publication: int,
    digest: str,
    *,
    database: str,
    marts: Mapping[str, str],
    engine: str,
    recorded_at: datetime,
) -> Seal:
    """Append the line of a publication's database, whose file and marts have these digests."""
    known = _texts(reports)
    line = Seal(
        number=len(known) + 1,
        publication=publication,
        digest=digest,
        database=database,
        marts=dict(marts),
        engine=engine,
        recorded_at=_moment(recorded_at.replace(microsecond=0)),
        previous=_last_hash(known),
    )
    _append(reports, known, [line])
    return line


def lines(reports: Path) -> list[Line]:
    """The lines that can be read, oldest first."""
    return [line for text in _texts(reports) if (line := _parse(text))]


def entries(reports: Path) -> list[ChainEntry]:
    """Those of them that are about weeks."""
    return [line for line in lines(reports) if isinstance(line, ChainEntry)]


def check(reports: Path, head: str | None = None) -> Check:
    """Compare every link of the chain, and every page with its week's newest line. `head` must be in the chain."""
    try:
        content = (reports / FILE).read_bytes()
    except OSError:
        return Check(
            (), (Finding(FILE, "there is none: it was removed, or nothing was published since chains are kept"),)
        )
    known = _texts(reports)
    read = [_parse(text) for text in known]
    findings = list(_broken_links(known, read))
    if not content.endswith(b"\n"):
        findings.append(Finding(f"line {len(known)}", "its end is missing"))
    readable = tuple(line for line in read if line)
    findings += _changed_weeks(reports, [line for line in readable if isinstance(line, ChainEntry)])
    if head is not None and head.strip().lower() not in {line.sha256 for line in readable}:
        findings.append(
            Finding(f"head {head.strip()[:64]}", "no line has this hash: lines were removed or written anew")
        )
    return Check(readable, tuple(findings))


def _broken_links(known: Sequence[str], read: Sequence[Line | None]) -> Iterator[Finding]:
    previous: str | None = None
    for number, (text, line) in enumerate(zip(known, read, strict=True), start=1):
        name = f"line {number}" + (f" ({line.name})" if line and line.name else "")
        if line is None:
            yield Finding(name, "it was edited: it cannot be read")
            previous = _claimed(text)
            continue
        if line.text() != text:
            yield Finding(name, "it was edited: its own hash does not fit")
        if line.number != number:
            yield Finding(name, f"it was line {line.number}: lines were removed, added or moved")
        if line.previous != previous:
            yield Finding(name, "it does not follow the line before it: that one was edited, removed or moved")
        # What it claims, so that one edited line is one finding, and not one of the next line too.
        previous = _claimed(text)


def _changed_weeks(reports: Path, readable: Sequence[ChainEntry]) -> Iterator[Finding]:
    newest = {line.week: line for line in readable}
    lying = set(week_labels(reports))
    for week in sorted(lying | newest.keys()):
        line = newest.get(week)
        if line is None:
            yield Finding(week, "no line tells of it")
            continue
        if week not in lying:
            yield Finding(week, "its pages are gone")
            continue
        verdict = verdict_in(summary_of(reports / week))
        if verdict != line.verdict:
            yield Finding(f"{week}/summary.json", f"its verdict is {verdict}, and {line.verdict} was published")
        found = _hashes(reports / week)
        for name in sorted(found.keys() | line.files.keys()):
            if name not in found:
                yield Finding(f"{week}/{name}", "it is gone")
            elif name not in line.files:
                yield Finding(f"{week}/{name}", "it was added")
            elif found[name] != line.files[name]:
                yield Finding(f"{week}/{name}", "it was edited")


def _texts(reports: Path) -> list[str]:
    try:
        content = (reports / FILE).read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    return content.removesuffix("\n").split("\n") if content else []


def _append(reports: Path, known: Sequence[str], added: Sequence[Line]) -> None:
    if added:
        write_whole(reports / FILE, "".join(f"{text}\n" for text in [*known, *(a.text() for a in added)]).encode())


def _parse(text: str) -> Line | None:
    try:
        told = json.loads(text)
        return _seal_of(told) if "marts" in told else _entry_of(told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _seal_of(told: dict[str, Any]) -> Seal | None:
    line = Seal(**{field.name: told[field.name] for field in fields(Seal)})
    texts = (line.digest, line.database, line.engine, line.recorded_at)
    is_sound = (
        isinstance(line.number, int)
        and isinstance(line.publication, int)
        and all(isinstance(text, str) for text in texts)
        and _are_strings(line.marts)
        and (line.previous is None or isinstance(line.previous, str))
    )
    return line if is_sound else None


def _entry_of(told: dict[str, Any]) -> ChainEntry | None:
    line = ChainEntry(
        number=told["number"],
        week=told["week"],
        verdict=told["verdict"],
        as_of=told["as_of"],
        recorded_at=told["recorded_at"],
        source=told["source"],
        is_simulated=told["is_simulated"],
        files=told["files"],
        previous=told["previous"],
        is_adopted=told.get("adopted", False),
        labels=told.get("labels"),
    )
    is_sound = (
        isinstance(line.number, int)
        and isinstance(line.week, str)
        and isinstance(line.recorded_at, str)
        and _are_strings(line.files)
        and (line.labels is None or isinstance(line.labels, dict))
        and all(
            text is None or isinstance(text, str) for text in (line.verdict, line.as_of, line.source, line.previous)
        )
    )
    return line if is_sound else None


def _are_strings(files: object) -> bool:
    return isinstance(files, dict) and all(isinstance(text, str) for pair in files.items() for text in pair)


def _last_hash(known: Sequence[str]) -> str | None:
    return _claimed(known[-1]) if known else None


def _claimed(text: str) -> str:
    """The hash that a line says it has; of one that says none, the hash of its bytes."""
    try:
        claimed = json.loads(text)["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        claimed = None
    return claimed if isinstance(claimed, str) else hashlib.sha256(text.encode()).hexdigest()


def _hashes(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {p.relative_to(directory).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _moment(at: datetime) -> str:
    """A moment as the chain writes it; one without a zone is UTC, as the warehouse keeps time."""
    told = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return told.isoformat().replace("+00:00", "Z")
