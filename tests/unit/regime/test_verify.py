"""`regime verify` on a home: what was edited is named, and a rollback is no edit."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import typer

from regime.commands.verify import NOT_AS_PUBLISHED, verify
from regime.errors import BadInput
from report.archive import chain
from report.archive.index import write_archive
from tests.pipeline.small_home import SOURCE, begin, build
from tests.unit.report.test_archive import a_page
from warehouse.database import connect
from warehouse.home import Home
from warehouse.publishing.publish import publish
from warehouse.publishing.rollback import roll_back
from warehouse.week import Week

W46, W47, W48 = map(Week.parse, ("2025-W46", "2025-W47", "2025-W48"))


class Line:
    """A home whose weeks have the verdicts that the test gives them."""

    def __init__(self, path, monkeypatch):
        self.home, self.state, self.code = begin(path), 0, "test"
        monkeypatch.setenv("REGIME_HOME", str(path))

    def publish(self, verdicts, *, with_archive=True, with_seal=True):
        self.state += 1
        build(self.home, self.state)

        def write_page(connection, week, directory):
            a_page(directory.parent, week.label, verdict=verdicts[week])

        def archive(reports, weeks, as_of, labels):
            write_archive(reports, weeks, as_of, datetime(2025, 11, 24, 8, self.state, tzinfo=UTC), labels)

        def seal(reports, row, told):
            chain.seal(reports, row.publication_id, row.digest, database=told.file, marts=told.marts,
                       engine=told.engine, recorded_at=row.published_at)  # fmt: skip

        publish(self.home, SOURCE, list(verdicts), write_page, code_version=self.code,
                write_archive=archive if with_archive else None,
                seal=seal if with_archive and with_seal else None)  # fmt: skip

    def edit(self, path, old, new):
        file = self.home.reports / path
        file.write_text(file.read_text().replace(old, new))

    def execute(self, *statements):
        """Somebody writes to the published database."""
        file = self.home.published / self.home.current.readlink().name / "warehouse.duckdb"
        file.chmod(0o644)
        with duckdb.connect(str(file)) as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def head(self):
        return chain.check(self.home.reports).head


@pytest.fixture
def line(tmp_path, monkeypatch):
    made = Line(tmp_path / "home", monkeypatch)
    made.publish({W46: "range"})
    made.publish({W46: "range", W47: "risk_off"})
    return made


def fails(capsys, *words, head=None):
    with pytest.raises(typer.Exit) as left:
        verify(head)
    told = capsys.readouterr()
    assert left.value.exit_code == NOT_AS_PUBLISHED == 3
    for word in words:
        assert word in told.err, told.err
    return told


def test_what_is_as_published_is_said_with_the_head(line, capsys):
    verify()
    told = capsys.readouterr()
    assert "2 lines, 2 weeks: all as published" in told.out and f"head {line.head}" in told.out and told.err == ""
    assert "database of publication 2: 2 marts, as published" in told.out
    verify(line.head)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update marts.states set state = 7 where row = 3", "marts.states: it was edited"),
        ("update marts.states set row = row + 1 where row = 3", "marts.states: it was edited"),
        ("delete from marts.states where row = 3", "marts.states: it was edited"),
        ("alter table marts.states alter state type double", "marts.states: it was edited"),
        ("update raw.publications set source = 'live' where publication_id = 1", "marts.publications: it was edited"),
        ("drop table marts.states", "marts.states: it is gone"),
        ("create table marts.more (a int)", "marts.more: it was added"),
        ("create table raw.more (a int)", "warehouse.duckdb: it was changed, although every mart says what was"),
    ],
)
def test_an_edited_database_is_named_by_its_mart(line, capsys, statement, words):
    line.execute(statement)
    told = fails(capsys, words)
    assert "database of publication 2: 2 marts, NOT as published" in told.out and told.err.count("marts.") <= 1


def test_an_edited_cell_of_doubles_and_names_is_named_to_the_last_bit(line, capsys):
    with connect(line.home) as staging:
        staging.execute(
            "create table marts.prices as select 'x' || range as name, 0.1e0 * range as price from range(50)"
        )
    line.publish({W47: "range"})
    verify()
    line.execute("update marts.prices set price = nextafter(price, 1e9::double) where name = 'x7'")
    assert "marts.states" not in fails(capsys, "marts.prices: it was edited").err


def test_a_database_that_is_gone_and_one_that_another_engine_sealed(line, capsys, monkeypatch):
    line.execute("update marts.states set state = 7")
    monkeypatch.setattr("warehouse.publishing.digests.engine", lambda: "duckdb 9.9")
    fails(capsys, f"warehouse.duckdb: it was changed; what in it, only duckdb {duckdb.__version__} can tell")
    (line.home.published / "2" / "warehouse.duckdb").unlink()
    fails(capsys, "warehouse.duckdb: it is gone, or is no database any more")


def test_a_seal_that_was_edited_or_cut_off(line, capsys):
    line.edit("chain.jsonl", '"engine":"duckdb', '"engine":"another')
    fails(capsys, "line 4 (publication 2): it was edited: its own hash does not fit")
    path = line.home.reports / chain.FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    fails(capsys, "warehouse.duckdb: no line tells of the database of publication 2")


def test_a_version_from_before_seals_is_said_to_be_unproven(tmp_path, monkeypatch, capsys):
    line = Line(tmp_path / "home", monkeypatch)
    line.publish({W46: "range"}, with_seal=False)
    verify()
    assert "database of publication 1: not proven, no line of the chain tells of it" in capsys.readouterr().out
    line.publish({W47: "range"})
    verify()
    assert "database of publication 2: 2 marts, as published" in capsys.readouterr().out


def test_an_edited_verdict_is_named(line, capsys):
    line.edit("2025-W46/summary.json", '"verdict": "range"', '"verdict": "risk_on"')
    told = fails(capsys, "2025-W46/summary.json: its verdict is risk_on, and range was published")
    assert "NOT as published" in told.out and "2025-W47" not in told.err


def test_an_edited_page_stays_edited_until_its_week_is_published_anew(line, capsys):
    line.edit("2025-W46/index.html", "html", "HTML")
    fails(capsys, "2025-W46/index.html: it was edited")
    line.publish({W48: "range"})
    fails(capsys, "2025-W46/index.html: it was edited")
    line.publish({W46: "range"})
    verify()


def test_an_edited_chain_is_named_also_by_the_versions_before(line, capsys):
    line.edit("chain.jsonl", '"verdict":"risk_off"', '"verdict":"risk_on"')
    fails(capsys, "line 3 (2025-W47): it was edited", "its verdict is risk_off, and risk_on was published")


def test_page_and_chain_written_anew_together(line, capsys):
    noted, reports = line.head, line.home.reports
    a_page(reports, "2025-W46", verdict="euphoria")
    (reports / chain.FILE).unlink()
    write_archive(reports, [W46, W47], datetime(2025, 11, 24), datetime(2025, 11, 24, tzinfo=UTC))
    fails(capsys, "line 1 (2025-W46): it is another one in version 1")  # the version before is a witness
    fails(capsys, f"head {noted}: no line has this hash", head=noted)


def test_lines_cut_off_the_end(line, capsys):
    noted = line.head
    line.publish({W48: "range"})
    path = line.home.reports / chain.FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:1]))
    fails(capsys, "chain.jsonl: version 2 has more lines", "2025-W48: no line tells of it", f"head {noted}", head=noted)


def test_the_archive_is_compared_where_this_code_wrote_it(line, capsys, monkeypatch):
    for name in ("index.html", "feed.atom", "feed.json"):
        line.edit(name, "range", "recovery")
    verify()
    assert capsys.readouterr().err == ""  # another version wrote it: nobody can say
    monkeypatch.setattr("regime.commands.verify.code_version", lambda: "test")
    fails(capsys, "index.html: it was edited", "feed.atom: it was edited", "feed.json: it was edited")


def test_after_a_rollback_the_chain_of_what_readers_see_goes_on(line, capsys):
    noted = line.head
    roll_back(line.home)
    verify()
    assert "1 line, 1 week: all as published" in capsys.readouterr().out
    fails(capsys, "only version 2 has this line, and readers see version 1: was it rolled back?", head=noted)
    line.publish({W47: "range"})
    verify()  # version 2 went another way, and does not stand: it is no witness
    assert "2 lines, 2 weeks" in capsys.readouterr().out
    assert [told.verdict for told in chain.entries(line.home.reports)] == ["range", "range"]
    first = json.loads((line.home.published / "1" / "reports" / chain.FILE).read_text().splitlines()[0])
    verify(first["sha256"])
    roll_back(line.home, 2)  # forward again
    verify(noted)


def test_weeks_of_a_version_without_a_chain(tmp_path, monkeypatch, capsys):
    line = Line(tmp_path / "home", monkeypatch)
    line.publish({W46: "range"}, with_archive=False)
    fails(capsys, "chain.jsonl: there is none")
    line.publish({W47: "range"})
    verify()
    assert "taken in from a version without a chain" in capsys.readouterr().out
    roll_back(line.home)
    fails(capsys, "chain.jsonl: there is none")
    line.publish({W47: "range"})
    verify()


def test_a_second_publication_of_the_same_weeks_adds_its_seal_and_changes_no_other_byte(line):
    def files():
        return {p.relative_to(line.home.reports.resolve()): p.read_bytes()
                for p in line.home.reports.resolve().rglob("*") if p.is_file()}  # fmt: skip

    before = files()
    line.publish({W46: "range", W47: "risk_off"})
    after, name = files(), Path(chain.FILE)
    assert line.home.current.resolve().name == "3" and after.keys() == before.keys()
    assert after[name].startswith(before[name]) and after[name].count(b"\n") == before[name].count(b"\n") + 1
    assert {p: content for p, content in after.items() if p != name} == {
        p: content for p, content in before.items() if p != name
    }


@pytest.mark.parametrize("head", ["", "abc", "g" * 64, "\x1b" * 64])
def test_a_head_that_is_no_hash(line, head):
    with pytest.raises(BadInput, match="is no hash; give the 64 hexadecimal digits"):
        verify(head)


def test_a_home_in_which_nothing_is_published(tmp_path, monkeypatch):
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="nothing is published"):
        verify()
    assert not os.path.exists(tmp_path / "none") and Home.at().path == tmp_path / "none"
