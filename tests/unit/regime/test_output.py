"""Printing where the terminal has fewer signs than we use: everything is said, and files are UTF-8."""

import io
import json
import sys

import pytest

from regime.errors import say
from regime.output import as_file, replace_what_is_lacking
from regime.progress import Steps


def japanese_terminal() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="euc_jp", write_through=True)


def test_a_sign_that_the_terminal_lacks_is_replaced(monkeypatch):
    monkeypatch.setattr(sys, "stdout", japanese_terminal())
    monkeypatch.setattr(sys, "stderr", japanese_terminal())
    with pytest.raises(UnicodeEncodeError):
        print("市場 • 50 €")
    replace_what_is_lacking()
    print("市場 • 50 €")
    say("no • is left")
    assert sys.stdout.buffer.getvalue() == "市場 ? 50 ?\n".encode("euc_jp")
    assert sys.stderr.buffer.getvalue() == b"regime: no ? is left\n"


def test_what_programs_read_is_utf_8():
    out = japanese_terminal()
    as_file(out).write(json.dumps({"symbol": "币安人生"}, ensure_ascii=False))
    assert json.loads(out.buffer.getvalue().decode("utf-8")) == {"symbol": "币安人生"}
    assert as_file(plain := io.StringIO()) is plain


def test_progress_is_told_in_the_terminals_signs(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    with Steps() as steps:
        steps.start("candles")
        steps.finish("candles", "1 row • of 市場")
    assert capfd.readouterr().err.endswith("1 row ? of ??\n")
