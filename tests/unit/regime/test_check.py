"""`regime check`: exit codes, what is printed on a terminal and in a pipe, JSON, and input that cannot be used."""

import io
import json
import re

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from regime.cli import app
from regime.commands.check import CONTRADICTED, check
from regime.errors import BAD_INPUT, BadInput
from report.claims.checking import check_note
from report.claims.note import read_note
from report.claims.terminal import plain, print_checked
from report.languages import speaking
from tests.unit.report.claims_by_hand import claims_marts

NOTE = """# Weekly

24 November 2025

Bitcoin fell 8.0%. Layer 2 lost 9.9%. Bitcoin's 7-day realised volatility is near 50%. ETF outflows were $1bn.
Prices of 17 wallets rose. The mood is poor.
"""
JAPANESE = "2025年11月24日\n\nビットコインは8.0%下落した。レイヤー2は9.9%下落した。財布は17個。\n"


@pytest.fixture
def published(home, monkeypatch):
    monkeypatch.setenv("REGIME_HOME", str(home.path))
    version = home.published / "1"
    version.mkdir(parents=True)
    with claims_marts() as connection:
        connection.execute(f"attach '{version / 'warehouse.duckdb'}' as published")
        connection.execute("copy from database memory to published")
    home.current.symlink_to("published/1")
    home.warehouse.symlink_to("current/warehouse.duckdb")
    return home


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "note.md"
    path.write_text(NOTE, encoding="utf-8")
    return path


def run(*arguments: str, input: str | bytes | None = None):
    return CliRunner().invoke(app, ["check", *arguments], input=input)


def test_the_exit_code_says_whether_a_claim_is_contradicted(published, tmp_path, note):
    assert run(str(note)).exit_code == CONTRADICTED == 1
    note.write_text("Bitcoin fell 8.0%. Bitcoin's 7-day realised volatility is near 50%. ETF outflows were $1bn.")
    assert run(str(note)).exit_code == 0


def test_a_note_comes_from_stdin_too(published):
    done = run("-", input="Layer 2 lost 9.9%.\n")
    assert done.exit_code == CONTRADICTED and "Layer 2 lost 9.9%" in done.stdout
    assert "week 2025-W47, the last published: the note names none" in done.stdout


def test_in_a_pipe_it_is_columns_with_headings(published, note):
    lines = run(str(note)).stdout.splitlines()
    assert lines[0] == 'week 2025-W47, from "24 November 2025"' and lines[1] == "replayed market data"
    head = lines[3]
    assert head.split() == ["line", "verdict", "the", "note", "says", "the", "data", "say"]
    rows = {line[head.index("the note says") : head.index("the data say")].strip(): line for line in lines[5:9]}
    assert list(rows) == [
        "Bitcoin fell 8.0%", "Layer 2 lost 9.9%", "Bitcoin's 7-day realised volatility is near 50%",
        "ETF outflows were $1bn",
    ]  # fmt: skip
    starts = {re.search(r"confirmed|contradicted|depends|not knowable", line).start() for line in rows.values()}
    assert starts == {head.index("verdict")}
    assert lines[-1] == "1 confirmed, 1 depends, 1 contradicted, 1 not knowable; 1 not understood"
    assert "Narrative, without a figure or a name that the data have, in line: 3, 5" in lines
    assert not any("\x1b" in line for line in lines)


def test_japanese_columns_are_aligned_by_the_places_that_they_take(published, tmp_path):
    with claims_marts() as connection, speaking("ja"):
        lines = list(plain(check_note(connection, read_note(JAPANESE.encode()))))
    head, rule, *rows = lines[3:7]
    columns = [cell_len(head[: head.index(word)]) for word in ("判定", "週報の主張", "データ")]
    assert [cell_len(rule[:n]) for n, c in enumerate(rule) if c == "─" and rule[n - 1 : n] in (" ", "")][1:] == columns
    assert all("ビット" in row or "レイヤー" in row for row in rows)
    for row in rows:
        before = row[: min(row.index(name) for name in ("ビット", "レイヤー") if name in row)]
        assert cell_len(before) == columns[1]


def test_the_answer_is_in_the_notes_language_unless_another_is_asked_for(published, tmp_path):
    path = tmp_path / "週報.md"
    path.write_text(JAPANESE, encoding="utf-8")
    assert "不一致" in run(str(path)).stdout and "contradicted" in run(str(path), "--language", "en").stdout
    path.write_text(NOTE, encoding="utf-8")
    assert "contradicted" in run(str(path)).stdout and "不一致" in run(str(path), "--language", "ja").stdout


def test_on_a_terminal_it_is_a_table_in_colour():
    out = io.StringIO()
    with claims_marts() as connection:
        checked = check_note(connection, read_note(NOTE.encode()))
    print_checked(Console(file=out, force_terminal=True, width=100, color_system="standard", highlight=False), checked)
    text = out.getvalue()
    assert "\x1b[" in text and "✗" in text and "✓" in text and "≈" in text
    assert all(cell_len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 100 for line in text.splitlines())


def test_simulated_data_are_called_so(published, note):
    with claims_marts() as connection:
        connection.execute("update marts.publications set source = 'simulated', is_simulated = true")
        assert "simulated data: its prices are made up" in list(
            plain(check_note(connection, read_note(b"Bitcoin fell.")))
        )


def test_json_has_each_claim_with_its_words_its_rows_and_what_is_not_understood(published, note):
    out = io.StringIO()
    assert check(str(note), None, None, "json", out) == CONTRADICTED
    told = json.loads(out.getvalue())
    assert (told["week"], told["week_from"], told["source"]) == ("2025-W47", "24 November 2025", "replay")
    assert told["counts"] == {"confirmed": 1, "depends": 1, "contradicted": 1, "not_knowable": 1}
    wrong = next(claim for claim in told["claims"] if claim["verdict"] == "contradicted")
    assert (wrong["claim"], wrong["line"], wrong["quantity"], wrong["of"]) == (
        "Layer 2 lost 9.9%",
        5,
        "sector_return",
        "Layer 2",
    )
    assert wrong["rests_on"] == ["Layer 2", "lost", "9.9%"] and wrong["figure"]["within"] == pytest.approx(0.05)
    assert wrong["readings"][0] == {
        "table": "sector_returns_weekly", "column": "return_cap_weighted_pct", "window_id": "mon_mon",
        "key": {"week_start": "2025-11-17", "sector": "Layer 2", "window_id": "mon_mon"},
        "convention": "cap_weighted", "span": None, "is_default": True, "value": -18.2, "value_a_week_before": None,
        "unit": "percent", "compared": "value", "holds": False, "missing": None,
    }  # fmt: skip
    left = {one["text"]: one for one in told["not_understood"]}
    assert left["Prices of 17 wallets rose"]["unknown_words"] == ["wallets"]
    assert left["The mood is poor"]["is_narrative"] and not left["Prices of 17 wallets rose"]["is_narrative"]


def test_the_figures_of_json_are_those_of_the_rows_that_it_names(published, note):
    """Each reading can be found again by its table, key and column."""
    out = io.StringIO()
    check(str(note), None, None, "json", out)
    with claims_marts() as connection:
        for claim in json.loads(out.getvalue())["claims"]:
            for reading in claim["readings"]:
                where = " and ".join(f"{name}::text = '{value}'" for name, value in reading["key"].items())
                found = connection.execute(f"select {reading['column']} from marts.{reading['table']} where {where}")
                assert found.fetchall() == [(reading["value"],)]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "it is empty"),
        (b"\x00\x01\x02" * 50, "no text"),
        (b"%PDF-1.4 ...", "a PDF"),
        (b"28 July 2025\n\nFell.", "2025-W30"),
    ],
)
def test_input_that_cannot_be_used_is_one_line_and_exit_code_2(published, tmp_path, content, words, capfd):
    path = tmp_path / "bad"
    path.write_bytes(content)
    done = run(str(path))
    assert done.exit_code == BAD_INPUT
    said = done.stderr
    assert len(said.splitlines()) == 1 and said.startswith("regime: ") and words in said and "bad" in said


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("nowhere.md",), "cannot be read"), ((".",), "is a directory"),
        (("-", "--week", "2025-W99"), "no week 2025-W99"),
        (("-", "--format", "xml"), "--format xml is none of table, json"),
        (("-", "--language", "fr"), "is none of en, ja"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_used_say_what_can(published, arguments, words):
    done = run(*arguments, input="Bitcoin fell 8%.")
    assert done.exit_code == BAD_INPUT and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_where_nothing_is_published_it_says_what_to_do(home, monkeypatch, note):
    monkeypatch.setenv("REGIME_HOME", str(home.path))
    with pytest.raises(BadInput, match="regime run"):
        check(str(note), None, None)


def test_what_a_note_writes_cannot_command_a_terminal(published):
    done = run("-", input="Bitcoin \x1b[2J fell 8.0%. [bold]17 wallets[/bold] \x1b]0;x\x07 moved \u202e.\n")
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout and "[bold]" in done.stdout
