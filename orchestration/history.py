"""Dagster's event log of a home, in its usual SQLite files, written several times faster.

Dagster opens a file, and compiles its statements, anew for each of about four transactions an event. Here files stay
open.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import Connection, Engine, create_engine

BUSY_SECONDS = 30
# A run writes in two files, its own and the index; who reads the history opens one after another.
MOST_OPEN_FILES = 4


def _address(base_dir: str, db_name: str) -> str:
    """A file as SQLAlchemy's URL. Dagster puts the path in as it is, and `%2F` in it becomes another directory."""
    return "sqlite:///" + quote(str(Path(base_dir, f"{db_name}.db").absolute()))


for _storage in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
    _storage.create_db_conn_string = _address  # type: ignore[attr-defined]


class EventLog(SqliteEventLogStorage):
    """The usual event log, its files kept open."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._open = threading.RLock()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        """A connection to the events of a run, in a transaction."""
        shard = str(run_id)
        with self._open, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def index_connection(self) -> Any:
        """A connection to what is known across runs, in a transaction."""
        return self.run_connection(INDEX_SHARD_NAME)

    def dispose(self) -> None:
        """Close the files."""
        with self._open:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            if shard not in self._initialized_dbs:
                with super().run_connection(shard):  # makes its tables
                    pass
            if len(self._engines) >= MOST_OPEN_FILES:
                self._engines.pop(next(name for name in self._engines if name != INDEX_SHARD_NAME)).dispose()
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": BUSY_SECONDS}
            )
        return self._engines[shard]


class History(DagsterSqliteStorage):
    """What `dagster.yaml` names: Dagster's storage on SQLite, with the event log above."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = EventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "History":
        """As Dagster makes it from its settings."""
        return cls(**config_value, inst_data=inst_data)
