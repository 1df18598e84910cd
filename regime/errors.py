"""What goes wrong in one line, and the exit code that says whose turn it is."""

import errno
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from ingestion.secrets import redact
from warehouse.home import Home, HomeError
from warehouse.untrusted import one_line

RUN_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
# Less free space than this, and what failed failed for want of it.
FULL_BYTES = 1_000_000
STOPPED = "stopped; what is published stays as it is, and what had landed is kept for the next run"

# The thread that imports libraries while the source starts; see `leave`.
WARM_UP = "warm-up"

# Errors with a line of their own, where they are defined, and their codes. By name: a command that goes well, or only
# reads, does not pay for importing what it never calls; an error of a module that is not there cannot have happened.
_FORESEEN = (
    ("ingestion.secrets", "SecretError", BAD_INPUT),
    ("warehouse.source", "SourceError", BAD_INPUT),
    ("warehouse.landing", "LandingError", RUN_FAILED),
    ("warehouse.builds.project", "ProjectError", RUN_FAILED),
    ("report.address", "AddressError", BAD_INPUT),
)
_DISK = {
    errno.ENOSPC: "no space is left on the disk; free some and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EROFS: "the disk is read-only; set REGIME_HOME to a directory you may write in",
    errno.EIO: "the disk does not answer as it should; set REGIME_HOME to another disk",
}


class BadInput(Exception):
    """What was asked cannot be done; the message says what to do."""


class RunFailed(Exception):
    """The run ended without a publication; the message says why."""


class Stopped(KeyboardInterrupt):
    """Somebody asked the process to end (SIGTERM, or a terminal that was closed): the same as Ctrl-C."""


def say(message: str) -> None:
    """One line to stderr, whatever the message was."""
    print(f"regime: {one_line(redact(message))}", file=sys.stderr)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn every error into its line and its exit code. REGIME_TRACEBACK=1 shows where an unforeseen one came from."""
    try:
        with _ended_politely():
            yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        say(STOPPED)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None
    except Exception as error:
        if reason := _DISK.get(getattr(error, "errno", None) or 0):
            say(reason)
            raise typer.Exit(RUN_FAILED) from None
        code = _code_of(error)
        if code != BAD_INPUT and _is_full():  # databases have words of their own for it
            say(f"no space is left for {Home.at().path}; free some and run again")
            raise typer.Exit(RUN_FAILED) from None
        if code is None and os.environ.get("REGIME_TRACEBACK"):
            raise
        say(str(error) if code else f"{type(error).__name__}: {error} (unforeseen; REGIME_TRACEBACK=1 shows where)")
        raise typer.Exit(code or RUN_FAILED) from None


@contextmanager
def stopped_at_once(tidy: Callable[[], None]) -> Iterator[None]:
    """Where the work is done by another thread: a signal ends the process, whatever that thread is doing.

    Signals raised inside libraries are lost: some take them for a failure, and try again. Ending at once is safe: each
    file appears whole or not at all, the kernel frees the lock, and the children end with us.
    """
    out, errors = sys.stdout, sys.stderr
    try:
        yield
    except KeyboardInterrupt:
        tidy()
        sys.stdout, sys.stderr = out, errors
        say(STOPPED)
        os._exit(INTERRUPTED)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: with its children, and with a line."""

    def stop(*_: object) -> None:
        raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_full() -> bool:
    try:
        return shutil.disk_usage(Home.at().path).free < FULL_BYTES
    except OSError:
        return False


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that has a line of its own; None for one that nobody foresaw."""
    if isinstance(error, BadInput | HomeError):
        return BAD_INPUT
    if isinstance(error, RunFailed):
        return RUN_FAILED
    for module, name, code in _FORESEEN:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            return code
    return None


def leave(code: int) -> int:
    """Say nothing more, and give the exit code.

    Libraries that are torn down print noise of their own (duckdb's bindings a page of it).
    """
    try:
        sys.stdout.flush()
    except OSError as error:  # what was printed is still in a buffer, and finds no room
        if error.errno != errno.EPIPE:
            say(f"the output could not be written: {error.strerror}")
            code = code or RUN_FAILED
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr.flush()
    if code == INTERRUPTED:
        os._exit(code)  # all is closed by now; a library's thread that still waits for something must not hold us up
    if any(thread.name == WARM_UP and thread.is_alive() for thread in threading.enumerate()):
        os._exit(code)  # it would be torn down in the middle of an import
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return code
