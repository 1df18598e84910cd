"""`regime verify`: whether what readers see, pages and database, is what was published, to the byte.

Whoever can write in the home can edit pages and chain together. Against that there are two witnesses: the chains of the
other versions that are kept, whose lines the chain must go on from, and a hash that was noted elsewhere (`--head`).
A rollback is no edit: the chain of the version that readers see now is the one that counts, and a noted hash that only
a rolled back version knows is told as such.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import typer

from regime.errors import BadInput, say
from report.archive import chain, index
from report.archive.chain import Check, Finding, Line, Seal
from warehouse.home import Home
from warehouse.publishing import digests
from warehouse.publishing.code_version import code_version
from warehouse.publishing.history import current_number, history, versions
from warehouse.untrusted import one_line

# The exit code where something is not as it was published. 1 and 2 stay what they are for every command.
NOT_AS_PUBLISHED = 3
DATABASE = "warehouse.duckdb"
_LONGEST = 200


def verify(head: str | None = None) -> None:
    """Print the chain of what readers see and its head; where it is broken, say so and leave with NOT_AS_PUBLISHED."""
    home = Home.at()
    if head is not None and not _is_hash(head):
        raise BadInput(
            f"{one_line(head, 80)!r} is no hash; give the 64 hexadecimal digits that `regime verify` printed"
        )
    number = current_number(home)
    if home.identity() is None or number is None:
        raise BadInput(f"nothing is published in {home.path}; run `regime run` first")
    version = home.published / str(number)  # one version, whatever is swapped in meanwhile
    reports = version / "reports"
    check = chain.check(reports, head)
    findings = [*_explained(home, number, head, check), *_older_chains(home, number, check)]
    findings += _database(version, check)
    findings += [] if findings else _beside(home, version)
    for line in _table(number, check, findings):
        print(line)
    if not findings:
        return
    for finding in findings:
        say(f"{one_line(finding.what, _LONGEST)}: {one_line(finding.how, _LONGEST)}")
    say(
        f"not as it was published: {len(findings)} {'thing' if len(findings) == 1 else 'things'}, see above; "
        "`regime rollback --list` shows versions that may be whole, and a week that is run again is published anew"
    )
    raise typer.Exit(NOT_AS_PUBLISHED)


def _table(number: int, check: Check, findings: list[Finding]) -> Iterator[str]:
    newest = {line.week: line for line in check.entries}
    touched = {finding.what.split("/")[0] for finding in findings}
    yield f"{'line':>4}  {'week':<8}  {'verdict':<20}  {'recorded':<20}  {'hash':<12}  state"
    for line in check.entries:
        is_newest = newest[line.week] is line
        state = "as published" if is_newest else "replaced by a later line"
        if is_newest and line.week in touched:
            state = "NOT as published"
        if line.is_adopted:
            state += ", taken in from a version without a chain"
        verdict, week = one_line(line.verdict or "none", 20), one_line(line.week, 8)
        at = one_line(line.recorded_at, 20)
        yield f"{line.number:>4}  {week:<8}  {verdict:<20}  {at:<20}  {line.sha256[:12]}  {state}"
    words = "all as published" if not findings else f"{len(findings)} not as published"
    yield f"{_counted(len(check.entries), 'line')}, {_counted(len(newest), 'week')}: {words}"
    yield _told_of_database(number, check, findings)
    if check.head:
        yield f"head {check.head}"


def _explained(home: Home, number: int, head: str | None, check: Check) -> Iterator[Finding]:
    """The chain's own findings; a head that another kept version still knows is said to be there."""
    for finding in check.findings:
        if head is not None and finding.what.startswith("head "):
            knowing = [n for n in versions(home) if n != number and _knows(home.published / str(n), head)]
            if knowing:
                other = ", ".join(map(str, knowing))
                how = f"only version {other} has this line, and readers see version {number}: was it rolled back?"
                finding = Finding(finding.what, how)
        yield finding


def _beside(home: Home, version: Path) -> Iterator[Finding]:
    """Archive and feeds follow from pages and chain; only the version of the code that wrote them can say how."""
    told = {row.publication_id: row.code_version for row in history(home).publications}
    written_by = told.get(int(version.name))
    if written_by != code_version() or "+changed" in written_by:
        return
    for name, content in index.files(version / "reports").items():
        path = version / "reports" / name
        if not path.is_file():
            yield Finding(name, "it is gone")
        elif path.read_bytes() != content:
            yield Finding(name, "it was edited: it is not what pages and chain give")


def _database(version: Path, check: Check) -> Iterator[Finding]:
    """The published file against its seal, and where it is another one, the marts that say something else."""
    seal, path = _seal_of(int(version.name), check), version / DATABASE
    if seal is None:
        if check.seals:
            yield Finding(DATABASE, f"no line tells of the database of publication {version.name}")
        return
    try:
        if digests.of_file(path) == seal.database:
            return
        with duckdb.connect(str(path), read_only=True) as connection:
            found = digests.of_marts(connection)
    except (OSError, duckdb.Error):
        yield Finding(DATABASE, "it is gone, or is no database any more")
        return
    if digests.engine() != seal.engine:
        yield Finding(DATABASE, f"it was changed; what in it, only {one_line(seal.engine, 20)} can tell")
        return
    changed = list(_changed_marts(found, seal))
    yield from changed or [Finding(DATABASE, "it was changed, although every mart says what was published")]


def _changed_marts(found: Mapping[str, str], seal: Seal) -> Iterator[Finding]:
    for mart in sorted(found.keys() | seal.marts.keys()):
        if mart not in found:
            yield Finding(f"marts.{mart}", "it is gone")
        elif mart not in seal.marts:
            yield Finding(f"marts.{mart}", "it was added")
        elif found[mart] != seal.marts[mart]:
            yield Finding(f"marts.{mart}", "it was edited")


def _seal_of(number: int, check: Check) -> Seal | None:
    return next((seal for seal in reversed(check.seals) if seal.publication == number), None)


def _told_of_database(number: int, check: Check, findings: list[Finding]) -> str:
    seal = _seal_of(number, check)
    if seal is None:
        return f"database of publication {number}: not proven, no line of the chain tells of it"
    is_touched = any(f.what == DATABASE or f.what.startswith("marts.") for f in findings)
    state = "NOT as published" if is_touched else "as published"
    return f"database of publication {number}: {_counted(len(seal.marts), 'mart')}, {state}"


def _older_chains(home: Home, number: int, check: Check) -> Iterator[Finding]:
    """Every version that stands before this one must have a beginning of its chain."""
    lying = set(versions(home))
    for older in [n for n in history(home).seen if n in lying and n < number]:
        for before, now in zip(_lines(home, older), check.lines, strict=False):
            if before.sha256 != now.sha256:
                name = one_line(before.name, 20)
                yield Finding(f"line {before.number} ({name})", f"it is another one in version {older}: one was edited")
                break
        else:
            if len(_lines(home, older)) > len(check.lines):
                yield Finding(chain.FILE, f"version {older} has more lines: lines were removed")


def _lines(home: Home, number: int) -> list[Line]:
    return chain.lines(home.published / str(number) / "reports")


def _knows(version: Path, head: str) -> bool:
    return head.strip().lower() in {line.sha256 for line in chain.lines(version / "reports")}


def _is_hash(text: str) -> bool:
    return len(text.strip()) == 64 and all(c in "0123456789abcdef" for c in text.strip().lower())


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
