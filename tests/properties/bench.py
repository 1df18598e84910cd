"""A few models upon rows that a test makes: what the line's own SQL says of a market whose truth is known.

Models are built in full, with dbt's compiled SQL.
"""

import duckdb
import pandas as pd

from tests.incremental.models import Models

NO_FAILED_CHECK = (
    "select '' as dataset, '' as venue, '' as market_type, '' as series, timestamp '2025-01-01' as event_at,"
    " '' as rule, 'row' as refuses, null::timestamp as released_at where false"
)
DATES = {"week_start", "market_date", "value_date", "close_date", "reference_date"}


class Bench:
    """An empty warehouse in memory that has the seeds; tables come by `place` and `build`."""

    def __init__(self, models: Models) -> None:
        self._models = {model["name"]: model for model in models.models}
        # Compiled SQL names the database.
        catalog = models.database.stem
        self._connection = duckdb.connect()
        self._connection.execute(f"attach ':memory:' as {catalog}; use {catalog}")
        self._connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 2")
        self._connection.execute(f"attach '{models.database}' as compiled (read_only)")
        for schema in {model["schema"] for model in models.models} | {"seeds"}:
            self._connection.execute(f"create schema {schema}")
        seeds = self._connection.execute(
            "select table_name from duckdb_tables() where database_name = 'compiled' and schema_name = 'seeds'"
        ).fetchall()
        for (seed,) in seeds:
            self._connection.execute(f"create view seeds.{seed} as from compiled.seeds.{seed}")

    def place(self, name: str, rows: pd.DataFrame | str) -> None:
        """What a model would have written: a frame, or a query of what is there already."""
        if isinstance(rows, str):
            self._connection.execute(f"create or replace table {self._relation(name)} as {rows}")
            return
        dates = [f"cast({column} as date) as {column}" for column in rows.columns if column in DATES]
        self._connection.register("rows_made", rows)
        self._connection.execute(
            f"create or replace table {self._relation(name)} as select * replace ({', '.join(dates)}) from rows_made"
            if dates
            else f"create or replace table {self._relation(name)} as from rows_made"
        )
        self._connection.unregister("rows_made")

    def nothing_fails(self) -> None:
        """Every check has been made, and refuses no row."""
        for name in self._models:
            if name.startswith("check_"):
                self.place(name, NO_FAILED_CHECK)

    def build(self, *names: str) -> None:
        """Models in this order, upon what is there."""
        for name in names:
            self._connection.execute(
                f"create or replace table {self._relation(name)} as {self._models[name]['full_sql']}"
            )

    def rows(self, query: str) -> pd.DataFrame:
        """What a query finds."""
        return self._connection.execute(query).df()

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _relation(self, name: str) -> str:
        return f"{self._models[name]['schema']}.{name}"


def run_of(starts_at: pd.Timestamp, now_at: pd.Timestamp) -> pd.DataFrame:
    """The one row of run_context."""
    return pd.DataFrame(
        {"as_of": [now_at], "now_at": [now_at], "starts_at": [starts_at], "source": ["simulated"],
         "rebuild_from": [pd.Timestamp(0)]}
    )  # fmt: skip
