"""One line and the right exit code, whatever goes wrong."""

import os
import signal
import time

import pytest
import typer

from regime import errors
from regime.errors import BadInput, RunFailed, in_one_line
from warehouse.home import HomeError
from warehouse.lock import HomeLocked
from warehouse.source import SourceError


@pytest.mark.parametrize(
    "error, code",
    [
        (BadInput("ask differently"), 2),
        (HomeError("elsewhere"), 2),
        (HomeLocked("wait"), 2),
        (SourceError("no network"), 2),
        (RunFailed("a test failed"), 1),
        (KeyError("nobody foresaw this"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_one_line_and_a_code(error, code, capsys):
    with pytest.raises(typer.Exit) as ended, in_one_line():
        raise error
    told = capsys.readouterr()
    assert ended.value.exit_code == code
    assert told.out == "" and told.err.startswith("regime: ") and told.err.count("\n") == 1


def test_a_message_of_several_lines_becomes_one(capsys):
    with pytest.raises(typer.Exit), in_one_line():
        raise BadInput("one\n  two\n\nthree")
    assert capsys.readouterr().err == "regime: one two three\n"


def test_a_full_disk_is_named_whatever_a_database_calls_it(monkeypatch, capsys):
    monkeypatch.setattr(errors, "_is_full", lambda: True)
    with pytest.raises(typer.Exit) as ended, in_one_line():
        raise RunFailed("disk I/O error")
    assert ended.value.exit_code == 1 and "no space is left" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_with_a_line(number, capsys):
    with pytest.raises(typer.Exit) as ended, in_one_line():
        os.kill(os.getpid(), number)
        time.sleep(5)
    assert ended.value.exit_code == 130 and capsys.readouterr().err.startswith("regime: stopped")


def test_an_unforeseen_error_can_be_traced(monkeypatch):
    monkeypatch.setenv("REGIME_TRACEBACK", "1")
    with pytest.raises(KeyError), in_one_line():
        raise KeyError("where?")
