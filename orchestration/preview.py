"""What an engineer sees of a table on Dagster's page: a few rows, how much there is, what is missing."""

from typing import Any

import duckdb
from dagster import MetadataValue, TableColumn, TableMetadataValue, TableRecord, TableSchema

PREVIEW_ROWS = 6


def preview(connection: duckdb.DuckDBPyConnection, query: str) -> TableMetadataValue:
    """The first rows of a query, as a table."""
    found = connection.execute(f"select * from ({query}) limit {PREVIEW_ROWS}")
    names = [column[0] for column in found.description]
    records = [
        TableRecord({name: _plain(value) for name, value in zip(names, row, strict=True)}) for row in found.fetchall()
    ]
    return MetadataValue.table(records, TableSchema([TableColumn(name) for name in names]))


def row_counts(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """How many rows each table has, by (schema, table); views are not counted."""
    rows = connection.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
    return {(schema, table): count for schema, table, count in rows}


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else str(value)
