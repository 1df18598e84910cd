"""Publication: a tested warehouse and its pages become visible together, by the swap of one link.

Belongs here: making a version, the digest, the swap; bringing an older version back, which is the same swap.
Does not: what stands against it (gate), which versions there are and which stay (publications), what the pages say
(report), how the warehouse came to be (warehouse, dbt_project).

Whoever calls this holds the home's lock. Everything of a version is on the disk before the link names it.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from ingestion import pages, sentences
from ingestion.gate import blocking_reasons
from ingestion.home import Home, HomeError, iso_week, sync_directory
from ingestion.publications import (
    KEPT_VERSIONS,
    History,
    Published,
    Retention,
    RolledBack,
    current_number,
    drop_old_versions,
    history,
    next_number,
    size_bytes,
    sweep,
    version_before,
    versions,
)
from ingestion.source import Source
from ingestion.warehouse import connect

__all__ = ["KEPT_VERSIONS", "NotPublishable", "Publication", "publish", "roll_back", "swap_link"]

# What a publication needs beside the copies of the database and the pages.
SPARE_BYTES = 32_000_000

WriteReport = Callable[[duckdb.DuckDBPyConnection, date, Path], object]
# What stands beside the weeks' pages: gets their directory, the weeks just written, and as of when they are.
WriteArchive = Callable[[Path, list[date], datetime], object]

_COLUMNS = ", ".join(field.name for field in fields(Published))
_INSERT = f"insert into raw.publications ({_COLUMNS}) values ({', '.join('?' * len(fields(Published)))})"


class NotPublishable(RuntimeError):
    """Something stands against publishing; the last good publication stays."""


@dataclass(frozen=True)
class Publication:
    """One published version: its number, its directory, its weeks (Mondays) and its digest."""

    publication_id: int
    path: Path
    weeks: list[date]
    digest: str


def publish(
    home: Home,
    source: Source,
    weeks: list[date],
    write_report: WriteReport,
    *,
    code_version: str,
    write_archive: WriteArchive | None = None,
) -> Publication:
    """Publish the staging warehouse with a page for each of `weeks`; older pages stay beside them.

    Raises NotPublishable, and changes nothing, unless every blocking check of this state has passed.
    """
    retention = Retention.read()
    with connect(home) as staging:
        reasons = blocking_reasons(staging)
        if reasons:
            raise NotPublishable("not published: " + "; ".join(reasons))
        sweep(home)
        _check_links(home)
        told = history(home)
        remember_publications(staging, told)
        staging.execute("checkpoint")
        _check_space(home)
        number = next_number(home)
        building = home.published / f".building-{number}"
        building.mkdir(parents=True)
        try:
            row = _write_pages(staging, home, source, weeks, write_report, write_archive, number, code_version)
            staging.close()  # it is copied as a file: nobody may have it open
            _clone(home.staging, building / "warehouse.duckdb")
            _add_publication(building / "warehouse.duckdb", row, building / "reports")
            told.with_event(row).write(building)
            pages.keep(home, building, weeks, number)
            _sync_tree(building)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)  # its space is wanted, most of all where there was too little
            raise
    version = home.published / str(number)
    os.rename(building, version)
    sync_directory(home.published)
    _see(home, number)
    with suppress(duckdb.Error, HomeError), connect(home) as staging:  # published all the same; the next one tells it
        remember_publications(staging, told.with_event(row))
    drop_old_versions(home, retention)
    return Publication(number, version, weeks, row.digest)


def roll_back(home: Home, to: int | None = None) -> Published:
    """Let readers see an older version again (None: the one before). HomeError, and no change, where that cannot be.

    The version gets the whole history, this rollback too, before the link names it: if we die in between, it is the
    history of a version that nobody sees, and the next rollback writes it anew.
    """
    sweep(home)
    _check_links(home)
    now, told = current_number(home), history(home)
    if now is None:
        raise HomeError(f"nothing is published in {home.path}; run `regime run` first")
    kept = [number for number in versions(home) if number in told.numbers]
    to = version_before(home) if to is None else to
    if to is None:
        raise HomeError(f"no version before {now} is kept; `regime rollback --list` shows which are")
    if to not in kept:
        raise HomeError(f"version {to} is not kept; choose from {', '.join(map(str, kept))}")
    if to == now:
        raise HomeError(f"readers see version {now} already")
    version = home.published / str(to)
    _check_whole(version)
    event = RolledBack(to, now, _now())
    told.with_event(event).write(version)
    _see(home, to)
    return next(row for row in told.publications if row.publication_id == to)


def swap_link(link: Path, target: Path) -> None:
    """Point a relative link at `target` in one step: readers see the old one or the new one, never none."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, link)
    sync_directory(link.parent)


def remember_publications(staging: duckdb.DuckDBPyConnection, told: History) -> None:
    """Staging takes over what readers have seen: only the history beside the published file knows it."""
    staging.begin()
    staging.execute("delete from raw.publications")
    if told.publications:
        staging.executemany(_INSERT, [astuple(row) for row in told.publications])
    staging.commit()


def _write_pages(
    staging: duckdb.DuckDBPyConnection,
    home: Home,
    source: Source,
    weeks: list[date],
    write_report: WriteReport,
    write_archive: WriteArchive | None,
    number: int,
    code_version: str,
) -> Published:
    """The pages of `weeks` beside those that there are, and the publication's row."""
    reports = home.published / f".building-{number}" / "reports"
    if (home.current / "reports").is_dir():
        shutil.copytree(home.current / "reports", reports)
    for week in weeks:
        write_report(staging, week, reports / iso_week(week))
    as_of = staging.execute("select as_of from raw.run_context").fetchall()[0][0]
    if write_archive is not None:
        write_archive(reports, weeks, as_of)
    pages = sorted(p.name for p in reports.iterdir() if p.is_dir())
    first, last = (datetime.strptime(f"{pages[i]}-1", "%G-W%V-%u").date() for i in (0, -1))
    digest = _digest(staging, reports)
    staging.execute("checkpoint")
    return Published(
        number, _now(), as_of, source.kind, source.is_simulated, first, last, code_version=code_version, digest=digest
    )


def _see(home: Home, number: int) -> None:
    """From here on readers see this version: its database and its pages in the same instant."""
    for link, target in ((home.warehouse, "current/warehouse.duckdb"), (home.reports, "current/reports")):
        if not link.is_symlink():
            swap_link(link, Path(target))
    swap_link(home.current, Path("published") / str(number))


def _digest(staging: duckdb.DuckDBPyConnection, reports: Path) -> str:
    """A SHA-256 over every page and over the rows of every mart, in no order."""
    digest = hashlib.sha256()
    tables = staging.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
        " and table_name not in ('publications', 'weekly_summary_sentences') order by 1"  # they tell of the rest
    ).fetchall()
    for (table,) in tables:
        total = staging.execute(f'select count(*), sum(hash(t)::hugeint) from marts."{table}" t').fetchall()[0]
        digest.update(f"{table} {total}\n".encode())
    # What stands beside the weeks is made of them, and tells when they were published: that is another state's too.
    for page in sorted(p for p in reports.glob("*/**/*") if p.is_file()):
        digest.update(f"{page.relative_to(reports)} {hashlib.sha256(page.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _clone(staging: Path, clone: Path) -> None:
    log = staging.with_name(f"{staging.name}.wal")
    if log.exists() and log.stat().st_size:
        raise NotPublishable(f"not published: {log} was left by another writer; run again")
    shutil.copyfile(staging, clone)


def _add_publication(clone: Path, row: Published, reports: Path) -> None:
    """The copy tells of its own publication, and of what its pages say."""
    with duckdb.connect(str(clone)) as connection:
        connection.execute(_INSERT, astuple(row))
        mart = "from duckdb_tables() where schema_name = 'marts' and table_name = 'publications'"
        if connection.execute(mart).fetchall():  # it was built before there was this publication to tell of
            connection.execute("delete from marts.publications")
            connection.execute("insert into marts.publications by name from raw.publications")
        sentences.put(connection, reports)
        connection.execute("checkpoint")
    os.chmod(clone, 0o444)  # a tool that opens it for writing would shut all other readers out


def _check_space(home: Home) -> None:
    """NotPublishable where the copies would not fit: better said now than half-way."""
    needed = home.staging.stat().st_size + SPARE_BYTES
    if (home.current / "reports").is_dir():
        needed += size_bytes(home.current.resolve() / "reports")
    free = shutil.disk_usage(home.published).free
    if free < needed:
        raise NotPublishable(
            f"not published: the disk of {home.path} has {free / 1e6:,.0f} MB free and a publication needs "
            f"{needed / 1e6:,.0f} MB; free some, or keep fewer versions (REGIME_KEEP_VERSIONS), and run again"
        )


def _check_links(home: Home) -> None:
    """HomeError where a link is none: a home that was copied without its links cannot be swapped."""
    for link in (home.current, home.warehouse, home.reports):
        if not link.is_symlink() and link.exists():
            raise HomeError(
                f"{link} is not the link that it should be (was the home copied without its links?); move it away: "
                "the next publication makes it anew"
            )


def _check_whole(version: Path) -> None:
    """HomeError unless a version has all that readers look for."""
    try:
        with duckdb.connect(str(version / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("select count(*) from raw.publications").fetchall()
        is_whole = (version / "reports").is_dir()
    except duckdb.Error:
        is_whole = False
    if not is_whole:
        raise HomeError(f"{version} is damaged; choose another from `regime rollback --list`")


def _sync_tree(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        else:
            sync_directory(path)
    sync_directory(directory)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
