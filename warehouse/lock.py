"""The lock that lets one process at a time write in a home."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from warehouse.home import Home, HomeError

RETRY_SECONDS = 0.1
# Whoever waits is told who holds the lock after a while, and again now and then.
REPORT_AFTER_SECONDS = 2.0
REPORT_EVERY_SECONDS = 30.0


class HomeLocked(HomeError):
    """Another process is writing in this home."""


@contextmanager
def write_lock(
    home: Home, wait_seconds: float = 0.0, on_wait: Callable[[str], None] = lambda holder: None
) -> Iterator[None]:
    """Hold the home's writer lock. The kernel frees it when its holder dies, so no lock is ever stale.

    Waits up to `wait_seconds` and tells `on_wait` who holds it and since when; then HomeLocked, which says the same.
    """
    home.create()
    with _locked(home, wait_seconds, on_wait) as handle:
        handle.truncate(0)
        handle.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)
            handle.flush()


def is_alive(process: int) -> bool:
    """True if there is such a process on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _locked(home: Home, wait_seconds: float, on_wait: Callable[[str], None]) -> IO[str]:
    """The lock file, locked; closing it releases the lock."""
    file = home.path / "lock"
    started = time.monotonic()
    report_at = started + REPORT_AFTER_SECONDS
    while True:
        try:
            handle = open(file, "a+", encoding="utf-8")  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise HomeError(f"cannot write in {home.path}: {error.strerror}; set REGIME_HOME elsewhere") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, file):
                return handle
            handle.close()  # somebody removed the file, and others may have locked a new one
            continue
        except BlockingIOError:
            handle.seek(0)
            holder = _holder(handle.read())
            handle.close()
        now = time.monotonic()
        if now - started >= wait_seconds:
            raise HomeLocked(
                f"{home.path} is being written by {holder}; wait for it to end (--wait SECONDS), "
                "or use another REGIME_HOME"
            )
        if now >= report_at:
            report_at = now + REPORT_EVERY_SECONDS
            on_wait(holder)
        time.sleep(RETRY_SECONDS)


def _holder(text: str) -> str:
    """Who holds the lock, by what the lock file says; a process that was killed leaves its entry there."""
    found = re.match(r"process (\d+) since", text)
    return text.strip() if found and is_alive(int(found[1])) else "another process"


def _is_at(handle: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
