"""Digests of what is published: of the database as a file, of every mart by its rows, and one of marts and pages.

The file's SHA-256 is the proof: nobody writes to a published file. The marts' digests name what was changed in a file
that is another one. They add up the engine's own hash of each row: in no order, exact for doubles, in hundredths of a
second; another version of the engine may have another hash.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

# Of the publication itself, not of the market: the digest of all is the same whenever the same state is published.
_OF_THE_PUBLICATION = ("publications", "weekly_summary_sentences")


@dataclass(frozen=True)
class DatabaseDigests:
    """What a published database was: the SHA-256 of its file, and each mart's digest as an engine has it."""

    file: str
    marts: Mapping[str, str]
    engine: str


def engine() -> str:
    """The engine that hashes rows here."""
    return f"duckdb {duckdb.__version__}"


def of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def of_marts(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The digest of each table and view of schema `marts`, by name: its columns, their types, and its rows.

    A publication's own digest is no part of it.
    """
    columns: dict[str, list[str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
        " and database_name = current_database() order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(f"{column} {kind}")
    return {table: _of_mart(connection, table, declared) for table, declared in columns.items()}


def of_publication(marts: Mapping[str, str], reports: Path) -> str:
    """A SHA-256 over the marts' digests and every page."""
    digest = hashlib.sha256()
    for table, told in sorted(marts.items()):
        if table not in _OF_THE_PUBLICATION:
            digest.update(f"{table} {told}\n".encode())
    # What stands beside the weeks is made of them, and tells when they were published: that is another state's too.
    for page in sorted(p for p in reports.glob("*/**/*") if p.is_file()):
        digest.update(f"{page.relative_to(reports)} {of_file(page)}\n".encode())
    return digest.hexdigest()


def _of_mart(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
    name = '"' + table.replace('"', '""') + '"'
    read = "(select * exclude (digest) from marts.publications)" if table == "publications" else f"marts.{name}"
    total = connection.execute(f"select count(*), sum(hash(t)::hugeint) from {read} t").fetchall()[0]
    return hashlib.sha256(f"{columns} {total}".encode()).hexdigest()
