"""Publication: a tested warehouse and its pages become visible together, by the swap of one link.

Belongs here: the gate, the clone, the digest, the swap, how many old versions stay.
Does not: what the pages say (report), how the warehouse came to be (warehouse, dbt_project).
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from ingestion.gate import blocking_reasons
from ingestion.home import Home, iso_week, sync_directory
from ingestion.source import Source
from ingestion.warehouse import connect

KEPT_VERSIONS = 5

WriteReport = Callable[[duckdb.DuckDBPyConnection, date, Path], object]


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
    home: Home, source: Source, weeks: list[date], write_report: WriteReport, *, code_version: str
) -> Publication:
    """Publish the staging warehouse with a page for each of `weeks`; older pages stay beside them.

    Raises NotPublishable, and changes nothing, unless every blocking check of this state has passed.
    """
    with connect(home) as staging:
        reasons = blocking_reasons(staging)
        if reasons:
            raise NotPublishable("not published: " + "; ".join(reasons))
        _remember_publications(staging, home)
        number = _next_number(home)
        building = home.published / f".building-{number}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        reports = building / "reports"
        if (home.current / "reports").is_dir():
            shutil.copytree(home.current / "reports", reports)
        for week in weeks:
            write_report(staging, week, reports / iso_week(week))
        row = _publication_row(staging, source, number, reports, code_version)
        staging.execute("checkpoint")
    clone = building / "warehouse.duckdb"
    _clone(home.staging, clone)
    _add_publication(clone, row)
    _sync_tree(building)
    version = home.published / str(number)
    os.rename(building, version)
    sync_directory(home.published)
    swap_link(home.current, Path("published") / str(number))
    for link, target in ((home.warehouse, "current/warehouse.duckdb"), (home.reports, "current/reports")):
        if not link.is_symlink():
            swap_link(link, Path(target))
    _drop_old_versions(home)
    return Publication(number, version, weeks, str(row[-1]))


def swap_link(link: Path, target: Path) -> None:
    """Point a relative link at `target` in one step: readers see the old one or the new one, never none."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, link)
    sync_directory(link.parent)


def _remember_publications(staging: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Staging takes over what readers see: the published file alone knows what was really published."""
    if not home.warehouse.exists():
        return
    path = str(home.warehouse).replace("'", "''")
    try:
        staging.execute(f"attach '{path}' as published (read_only)")
    except duckdb.Error:
        return  # it is damaged: the publication that comes replaces it
    try:
        staging.execute(
            "insert into raw.publications select * from published.raw.publications"
            " where publication_id not in (select publication_id from raw.publications)"
        )
    finally:
        staging.execute("detach published")


def _publication_row(
    staging: duckdb.DuckDBPyConnection, source: Source, number: int, reports: Path, code_version: str
) -> list[object]:
    as_of = staging.execute("select as_of from raw.run_context").fetchall()[0][0]
    pages = sorted(p.name for p in reports.iterdir() if p.is_dir())
    first, last = (datetime.strptime(f"{pages[i]}-1", "%G-W%V-%u").date() for i in (0, -1))
    published_at = datetime.now(UTC).replace(tzinfo=None)
    digest = _digest(staging, reports)
    return [number, published_at, as_of, source.kind, source.is_simulated, first, last, code_version, digest]


def _digest(staging: duckdb.DuckDBPyConnection, reports: Path) -> str:
    """A SHA-256 over every page and over the rows of every mart, in no order."""
    digest = hashlib.sha256()
    tables = staging.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
        " and table_name <> 'publications' order by 1"
    ).fetchall()
    for (table,) in tables:
        total = staging.execute(f'select count(*), sum(hash(t)::hugeint) from marts."{table}" t').fetchall()[0]
        digest.update(f"{table} {total}\n".encode())
    for page in sorted(p for p in reports.rglob("*") if p.is_file()):
        digest.update(f"{page.relative_to(reports)} {hashlib.sha256(page.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _clone(staging: Path, clone: Path) -> None:
    log = staging.with_name(f"{staging.name}.wal")
    if log.exists() and log.stat().st_size:
        raise NotPublishable(f"not published: {log} was left by another writer; run again")
    shutil.copyfile(staging, clone)


def _add_publication(clone: Path, row: list[object]) -> None:
    with duckdb.connect(str(clone)) as connection:
        connection.execute("insert into raw.publications values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        mart = "from duckdb_tables() where schema_name = 'marts' and table_name = 'publications'"
        if connection.execute(mart).fetchall():  # it was built before there was this publication to tell of
            connection.execute("delete from marts.publications")
            connection.execute("insert into marts.publications by name from raw.publications")
        connection.execute("checkpoint")


def _next_number(home: Home) -> int:
    numbers = [int(p.name) for p in home.published.iterdir() if p.name.isdigit()]
    return max(numbers, default=0) + 1


def _sync_tree(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        else:
            sync_directory(path)
    sync_directory(directory)


def _drop_old_versions(home: Home) -> None:
    numbers = sorted(int(p.name) for p in home.published.iterdir() if p.name.isdigit())
    for number in numbers[:-KEPT_VERSIONS]:
        shutil.rmtree(home.published / str(number), ignore_errors=True)
