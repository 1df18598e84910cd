"""What goes wrong in one line, and the exit code that says whose turn it is.

Belongs here: turning known errors into a line and a code. 2: what was asked cannot be done, ask differently.
1: the run failed, nothing was published.
Does not: raising them (the packages that find them).
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import typer

RUN_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

# The thread that imports libraries while the source starts; see `leave`.
WARM_UP = "warm-up"


class BadInput(Exception):
    """What was asked cannot be done; the message says what to do."""


class RunFailed(Exception):
    """The run ended without a publication; the message says why."""


def say(message: str) -> None:
    """One line to stderr, whatever the message was."""
    print("regime: " + " ".join(message.split()), file=sys.stderr)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn every error into its line and its exit code. REGIME_TRACEBACK=1 shows where an unforeseen one came from."""
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        say("stopped; nothing was published, and what had landed is kept for the next run")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None
    except Exception as error:
        code = _code_of(error)
        if code is None and os.environ.get("REGIME_TRACEBACK"):
            raise
        say(str(error) if code else f"{type(error).__name__}: {error} (unforeseen; REGIME_TRACEBACK=1 shows where)")
        raise typer.Exit(code or RUN_FAILED) from None


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that has a line of its own; None for one that nobody foresaw."""
    # Imported here: a command that goes well should not pay for the errors of the others.
    from ingestion.home import HomeError
    from ingestion.landing import LandingError
    from ingestion.source import SourceError

    if isinstance(error, BadInput | HomeError | SourceError):
        return BAD_INPUT
    if isinstance(error, RunFailed | LandingError):
        return RUN_FAILED
    return None


def leave(code: int) -> None:
    """Say nothing more: libraries that are torn down print noise of their own (duckdb's bindings a page of it)."""
    sys.stdout.flush()
    sys.stderr.flush()
    if any(thread.name == WARM_UP and thread.is_alive() for thread in threading.enumerate()):
        os._exit(code)  # it would be torn down in the middle of an import
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
