"""The models of dbt as SQL that a test runs by itself: a build of all of them in a second or two instead of a minute.

That dbt's own materialisation does the same is shown by the test that lets dbt build.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from regime.dev.binding import frame_of
from tests.incremental.compiling import DATABASE
from warehouse.builds.ledger import EVERYTHING
from warehouse.home import CHECKOUT

_LITERAL = re.compile(r"timestamp '(2[1-9]\d\d-\d\d-\d\d 00:00:00)'")


@dataclass(frozen=True)
class Models:
    """All models in the order in which they are built, and a database with the seeds they read."""

    models: list[dict[str, Any]]
    sentinels: dict[str, datetime]
    database: Path

    @classmethod
    def compiled(cls, directory: Path) -> "Models":
        """Compile them, once, into an empty directory."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.incremental.compiling", str(directory)],
            cwd=CHECKOUT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        models = cls.read(directory)
        with duckdb.connect(str(directory / DATABASE)) as connection:
            for schema in {model["schema"] for model in models.models}:
                connection.execute(f"drop schema {schema} cascade")
        return models

    @classmethod
    def read(cls, directory: Path) -> "Models":
        """Those that were compiled into a directory before."""
        told = json.loads((directory / "models.json").read_text())
        by_name = {model["name"]: model for model in told["models"]}
        order = TopologicalSorter({name: model["depends_on"] for name, model in by_name.items()}).static_order()
        return cls(
            [by_name[name] for name in order],
            {name: datetime.fromisoformat(moment) for name, moment in told["sentinels"].items()},
            directory / DATABASE,
        )

    @property
    def grains(self) -> dict[str, tuple[str, list[str] | None]]:
        """Tables that are compared: name → schema and grain."""
        return {m["name"]: (m["schema"], m["grain"]) for m in self.models if m["materialized"] != "view"}

    def new_database(self, path: Path) -> duckdb.DuckDBPyConnection:
        """A staging database with raw's empty tables and the seeds."""
        path.mkdir(parents=True)
        shutil.copyfile(self.database, path / DATABASE)
        return opened(path / DATABASE)

    def build(
        self, connection: duckdb.DuckDBPyConnection, rebuild_from: datetime, *, stop_after: int | None = None
    ) -> None:
        """As `dbt run` does: in full if everything is rewritten. `stop_after` models it is killed."""
        for model in self.models[:stop_after]:
            self._build_one(connection, model, is_full=rebuild_from == EVERYTHING)

    def _build_one(self, connection: duckdb.DuckDBPyConnection, model: dict[str, Any], *, is_full: bool) -> None:
        relation = f"{model['schema']}.{model['name']}"
        connection.execute(f"create schema if not exists {model['schema']}")
        sql = model["full_sql"] if is_full else self._at_its_moments(connection, model["increment_sql"])
        if model["keeps_previous_state"] and not is_full:
            connection.execute(f"create or replace table {relation}_before as select * from {relation}")
        if model["language"] == "python":
            self._build_frame(connection, model, relation)
        elif model["materialized"] == "view":
            connection.execute(f"create or replace view {relation} as {sql}")
        elif model["materialized"] == "table" or is_full:
            connection.execute(f"create or replace table {relation} as {sql}")
        else:
            meta = model["meta"]
            moment = self._moment(connection, meta.get("rebuilt_since", "rebuild_start"))
            moment -= timedelta(days=meta.get("rebuilt_days_before", 0))
            is_rewritten = f"{meta['time_column']} >= timestamp '{moment}'"
            connection.begin()
            connection.execute(f"create or replace temp table rewritten as {sql}")
            connection.execute(f"delete from {relation} where {is_rewritten}")
            connection.execute(f"insert into {relation} by name select * from rewritten where {is_rewritten}")
            connection.commit()

    @staticmethod
    def _build_frame(connection: duckdb.DuckDBPyConnection, model: dict[str, Any], relation: str) -> None:
        connection.register("rows_made", frame_of(connection, model["full_sql"]))
        columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in model["columns"].items())
        connection.execute(f"create or replace table {relation} as select {columns} from rows_made")
        connection.unregister("rows_made")

    def _schema(self, name: str) -> str:
        return next(model["schema"] for model in self.models if model["name"] == name)

    def _moment(self, connection: duckdb.DuckDBPyConnection, name: str) -> datetime:
        return connection.execute(f"select rebuild_from from {self._schema(name)}.{name}").fetchall()[0][0]

    def _at_its_moments(self, connection: duckdb.DuckDBPyConnection, sql: str) -> str:
        """The SQL with the moments that hold now, in place of those that it was compiled with."""

        def moved(found: re.Match[str]) -> str:
            literal = datetime.fromisoformat(found[1])
            name, sentinel = min(
                ((n, s) for n, s in self.sentinels.items() if s >= literal), key=lambda pair: pair[1] - literal
            )
            return f"timestamp '{self._moment(connection, name) - (sentinel - literal)}'"

        return _LITERAL.sub(moved, sql)


def opened(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection as dbt has one."""
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 2")
    connection.execute("set enable_progress_bar = false")
    return connection
