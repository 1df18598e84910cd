"""Publication: a tested warehouse and its pages are copied, completed, and become visible together.

The caller holds the home's lock. Everything of a version is on the disk before the link names it (swap).
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.database import connect
from warehouse.files import sync_directory
from warehouse.home import Home, HomeError
from warehouse.moments import moment_in
from warehouse.publishing import digests, labels, pages, sentences
from warehouse.publishing.digests import DatabaseDigests
from warehouse.publishing.gate import blocking_reasons
from warehouse.publishing.history import (
    INSERT,
    Published,
    Retention,
    drop_old_versions,
    history,
    next_number,
    remember_publications,
    size_bytes,
    sweep,
)
from warehouse.publishing.labels import Labels
from warehouse.publishing.swap import check_links, make_current
from warehouse.source import Source
from warehouse.week import Week

# What a publication needs beside the copies of the database and the pages.
SPARE_BYTES = 32_000_000

WriteReport = Callable[[duckdb.DuckDBPyConnection, Week, Path], object]
# What stands beside the weeks' pages: gets their directory, the weeks just written, as of when they are, and the labels
# of those that are told in time.
WriteArchive = Callable[[Path, list[Week], datetime, Labels], object]
# What proves the database: gets the pages' directory, the publication, and the digests of its database.
Seal = Callable[[Path, Published, DatabaseDigests], object]


class NotPublishable(RuntimeError):
    """Something stands against publishing; the last good publication stays."""


@dataclass(frozen=True)
class Publication:
    """One published version: its number, its directory, its weeks and its digest."""

    publication_id: int
    path: Path
    weeks: list[Week]
    digest: str


def publish(
    home: Home,
    source: Source,
    weeks: list[Week],
    write_report: WriteReport,
    *,
    code_version: str,
    write_archive: WriteArchive | None = None,
    seal: Seal | None = None,
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
        check_links(home)
        told = history(home)
        remember_publications(staging, home, told)
        staging.execute("checkpoint")
        _check_space(home)
        number = next_number(home)
        building = home.published / f".building-{number}"
        building.mkdir(parents=True)
        try:
            row = _write_pages(staging, home, source, weeks, write_report, write_archive, number, code_version)
            staging.close()  # it is copied as a file: nobody may have it open
            _clone(home.staging, building / "warehouse.duckdb")
            row = _complete(building / "warehouse.duckdb", row, building / "reports", seal)
            told.with_event(row).write(building)
            pages.keep(home, building, weeks, number)
            _sync_tree(building)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)  # its space is wanted, most of all where there was too little
            raise
    version = home.published / str(number)
    os.rename(building, version)
    sync_directory(home.published)
    make_current(home, number)
    with suppress(duckdb.Error, HomeError), connect(home) as staging:  # published all the same; the next one tells it
        remember_publications(staging, home, told.with_event(row))
    drop_old_versions(home, retention)
    return Publication(number, version, weeks, row.digest)


def _write_pages(
    staging: duckdb.DuckDBPyConnection,
    home: Home,
    source: Source,
    weeks: list[Week],
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
        write_report(staging, week, reports / week.label)
    as_of = staging.execute("select as_of from raw.run_context").fetchall()[0][0]
    if write_archive is not None:
        write_archive(reports, weeks, as_of, labels.in_time(staging, weeks))
    pages = sorted(p.name for p in reports.iterdir() if p.is_dir())
    first, last = (Week.parse(pages[i]).start for i in (0, -1))
    staging.execute("checkpoint")
    return Published(
        number,
        moment_in(staging).replace(tzinfo=None),
        as_of,
        source.kind,
        source.is_simulated,
        first,
        last,
        code_version=code_version,
        digest="",  # of what is yet to be completed
    )


def _clone(staging: Path, clone: Path) -> None:
    log = staging.with_name(f"{staging.name}.wal")
    if log.exists() and log.stat().st_size:
        raise NotPublishable(f"not published: {log} was left by another writer; run again")
    shutil.copyfile(staging, clone)


def _complete(clone: Path, row: Published, reports: Path, seal: Seal | None) -> Published:
    """The copy tells of its own publication, of labels, and of what its pages say; then it is sealed.

    Returns the publication's row with its digest.
    """
    with duckdb.connect(str(clone)) as connection:
        connection.execute(INSERT, astuple(row))
        sentences.put(connection, reports)
        labels.put(connection, reports)
        marts = digests.of_marts(connection)
        row = replace(row, digest=digests.of_publication(marts, reports))
        connection.execute(
            "update raw.publications set digest = ? where publication_id = ?", [row.digest, row.publication_id]
        )
        connection.execute("checkpoint")
    os.chmod(clone, 0o444)  # a tool that opens it for writing would shut all other readers out
    if seal is not None:
        seal(reports, row, DatabaseDigests(digests.of_file(clone), marts, digests.engine()))
    return row


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
