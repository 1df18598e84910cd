"""Reading the newest state of a home without disturbing a run."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import duckdb

from regime.commands.sql import open_published
from regime.errors import BadInput
from warehouse.home import Home
from warehouse.untrusted import one_line


@contextmanager
def open_newest(home: Home) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection that only reads, and what it reads. BadInput where a home holds nothing yet.

    A shared lock keeps runs out while staging is read: a moment. A run that is in already leaves us the published file.
    """
    with ExitStack() as stack:
        connection = _staging(home, stack)
        if connection is not None:
            yield connection, "as loaded"
            return
        if not home.warehouse.exists():
            raise BadInput(
                f"a run is writing in {home.path}, and nothing is published yet; ask again when it has ended"
                if home.staging.exists()
                else f"nothing is loaded in {home.path}; run `regime run` first"
            )
        with open_published(home) as published:
            yield published, "as published; a run is writing now"


def _staging(home: Home, stack: ExitStack) -> duckdb.DuckDBPyConnection | None:
    if not home.staging.exists():
        return None
    try:
        lock = home.path / "lock"
        if lock.exists():  # a home that no run has held yet has none
            handle = stack.enter_context(open(lock, "rb"))  # noqa: SIM115 - the stack closes it
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return stack.enter_context(duckdb.connect(str(home.staging), read_only=True))
    except BlockingIOError:
        return None
    except duckdb.Error as error:
        raise BadInput(f"{home.staging} cannot be read ({one_line(str(error), 200)}); `regime run` mends it") from None
