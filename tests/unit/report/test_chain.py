"""The chain proves what was published: every edit shows."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from report.archive import chain
from tests.unit.report.test_archive import a_page

AS_OF = datetime(2025, 11, 24, 7, 0, 0, 123456)
NOW = datetime(2025, 11, 24, 8, 0, 0, 5, tzinfo=UTC)
WEEKS = ("2025-W45", "2025-W46", "2025-W47")


def record(reports, *weeks):
    return chain.record(reports, list(weeks), as_of=AS_OF, recorded_at=NOW)


@pytest.fixture
def reports(tmp_path):
    for week in WEEKS:
        a_page(tmp_path, week, verdict=f"verdict of {week}")
    record(tmp_path, *WEEKS)
    return tmp_path


def texts(reports):
    return (reports / chain.FILE).read_text().splitlines()


def put(reports, lines):
    (reports / chain.FILE).write_text("".join(f"{line}\n" for line in lines))


def hashed(content):
    """A line with a hash that fits, as whoever edits with care would write it: independent of the module's own code."""
    content = {name: value for name, value in content.items() if name != "sha256"}
    own = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return json.dumps(content | {"sha256": own}, sort_keys=True, separators=(",", ":")), own


def found(reports, head=None):
    return {(finding.what, finding.how) for finding in chain.check(reports, head).findings}


def whats(reports, head=None):
    return {what for what, _ in found(reports, head)}


def test_each_line_holds_the_hash_of_the_one_before(reports):
    lines = [json.loads(text) for text in texts(reports)]
    assert [line["week"] for line in lines] == list(WEEKS) and [line["number"] for line in lines] == [1, 2, 3]
    assert [line["previous"] for line in lines] == [None, lines[0]["sha256"], lines[1]["sha256"]]
    assert [hashed(line)[0] for line in lines] == texts(reports)
    assert lines[2]["verdict"] == "verdict of 2025-W47" and lines[2]["as_of"] == "2025-11-24T07:00:00.123456Z"
    assert lines[2]["recorded_at"] == "2025-11-24T08:00:00Z" and lines[2]["is_simulated"] is True
    page = (reports / "2025-W47" / "index.html").read_bytes()
    assert lines[2]["files"]["index.html"] == hashlib.sha256(page).hexdigest()
    assert chain.check(reports).findings == () and chain.check(reports).head == lines[2]["sha256"]


def test_the_same_content_is_one_line_and_a_revision_one_more(reports):
    before = texts(reports)
    assert record(reports, *WEEKS) == [] and texts(reports) == before
    (a_page(reports, "2025-W46", verdict="another") / "charts").mkdir()
    (reports / "2025-W46" / "charts" / "a.png").write_bytes(b"png")
    (line,) = record(reports, "2025-W46")
    assert texts(reports)[:3] == before and line.number == 4 and "charts/a.png" in line.files
    assert chain.check(reports).findings == ()
    assert "2025-W46/charts/a.png" not in whats(reports)
    (reports / "2025-W46" / "charts" / "a.png").write_bytes(b"other")
    assert found(reports) == {("2025-W46/charts/a.png", "it was edited")}


def test_weeks_of_an_older_version_are_taken_in_and_say_so(tmp_path):
    for week in WEEKS:
        a_page(tmp_path, week)
    record(tmp_path, "2025-W47")
    lines = [json.loads(text) for text in texts(tmp_path)]
    assert [(line["week"], line.get("adopted"), line["as_of"] is None) for line in lines] == [
        ("2025-W45", True, True), ("2025-W46", True, True), ("2025-W47", None, False)]  # fmt: skip
    assert chain.check(tmp_path).findings == ()


def test_a_verdict_that_was_edited_on_its_page(reports):
    path = reports / "2025-W46" / "summary.json"
    path.write_text(path.read_text().replace("verdict of 2025-W46", "risk_on"))
    assert found(reports) == {
        ("2025-W46/summary.json", "its verdict is risk_on, and verdict of 2025-W46 was published"),
        ("2025-W46/summary.json", "it was edited"),
    }


def test_an_edited_page_is_not_made_honest_by_the_next_publication(reports):
    (reports / "2025-W46" / "index.html").write_text("edited")
    a_page(reports, "2025-W48")
    record(reports, "2025-W48")
    assert found(reports) == {("2025-W46/index.html", "it was edited")}
    a_page(reports, "2025-W46", verdict="verdict of 2025-W46")
    assert record(reports, "2025-W46") == [] and found(reports) == set()  # published anew, and it is what it was


def test_files_that_came_or_went(reports):
    (reports / "2025-W45" / "index.html").unlink()
    (reports / "2025-W46" / "more.html").write_text("")
    a_page(reports, "2025-W50")
    for path in (reports / "2025-W47").iterdir():
        path.unlink()
    (reports / "2025-W47").rmdir()
    assert found(reports) == {
        ("2025-W45/index.html", "it is gone"), ("2025-W46/more.html", "it was added"),
        ("2025-W47", "its pages are gone"), ("2025-W50", "no line tells of it"),
    }  # fmt: skip


def test_a_line_that_was_edited(reports):
    lines = texts(reports)
    put(reports, [lines[0], lines[1].replace('"simulated"', '"live"'), lines[2]])
    assert found(reports) == {("line 2 (2025-W46)", "it was edited: its own hash does not fit")}


def test_a_line_that_was_edited_and_hashed_anew(reports):
    lines = texts(reports)
    put(reports, [lines[0], hashed(json.loads(lines[1]) | {"recorded_at": "2025-01-01T00:00:00Z"})[0], lines[2]])
    assert whats(reports) == {"line 3 (2025-W47)"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"week": 1}', "null", "[" * 100_000, "\ufffd", '{"number":2,"week":{}}']
)
def test_a_line_that_cannot_be_read(reports, text):
    lines = texts(reports)
    put(reports, [lines[0], text, lines[2]])
    assert {"line 2", "line 3 (2025-W47)", "2025-W46"} == whats(reports)
    a_page(reports, "2025-W48")
    record(reports, "2025-W48")  # it goes on, and the damage stays to be seen
    assert {"line 2", "line 3 (2025-W47)"} <= whats(reports)


def test_a_line_that_was_removed(reports):
    lines = texts(reports)
    put(reports, [lines[0], lines[2]])
    assert "line 2 (2025-W47)" in whats(reports) and ("2025-W46", "no line tells of it") in found(reports)


def test_the_first_line_removed(reports):
    put(reports, texts(reports)[1:])
    assert "line 1 (2025-W46)" in whats(reports)


def test_lines_that_changed_places(reports):
    lines = texts(reports)
    put(reports, [lines[1], lines[0], lines[2]])
    assert {"line 1 (2025-W46)", "line 2 (2025-W45)"} <= whats(reports)


def test_the_end_cut_off(reports):
    content = (reports / chain.FILE).read_bytes()
    (reports / chain.FILE).write_bytes(content[:-1])
    assert found(reports) == {("line 3", "its end is missing")}
    (reports / chain.FILE).write_bytes(content[:-20])
    assert {"line 3", "2025-W47"} == whats(reports)
    (reports / chain.FILE).unlink()
    assert whats(reports) == {chain.FILE}


def test_page_and_chain_edited_together_are_caught_by_a_hash_that_was_noted(reports):
    noted = chain.check(reports).head
    a_page(reports, "2025-W46", verdict="risk_on")
    (reports / chain.FILE).unlink()
    record(reports, *WEEKS)
    assert found(reports) == set()  # nothing that lies there can tell
    assert found(reports, noted) == {(f"head {noted}", "no line has this hash: lines were removed or written anew")}


def test_a_noted_hash_stays_good_while_the_chain_grows(reports):
    noted = chain.check(reports).head
    a_page(reports, "2025-W48")
    record(reports, "2025-W48")
    assert chain.check(reports).head != noted
    assert found(reports, noted) == set() and found(reports, f" {noted.upper()}\n") == set()
    put(reports, texts(reports)[:2])
    assert f"head {noted}" in whats(reports, noted)
