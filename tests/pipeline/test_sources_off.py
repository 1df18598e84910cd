"""One source after another switched off: the page still comes, says what is missing, and claims nothing unknown."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from report.formatting import in_words
from simulator.dialects import DIALECTS
from tests.pipeline.fault_line import NOWS, WEEKS, FaultyMarket, as_tests_run, copy, run
from tests.pipeline.market import market_server
from tests.pipeline.reading_back import unfounded
from warehouse.home import Home
from warehouse.week import Week

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sources_off")]

# Asked only where somebody else has not what is wanted, or for what the tiny market does not have.
MAY_GO_UNNOTICED = {"dapi.binance.com"}


@pytest.fixture(scope="module")
def market() -> Iterator[FaultyMarket]:
    with market_server("--market", "tiny") as url:
        yield FaultyMarket(url)


def lessened(home: Path, well: Path) -> set[tuple[str, str]]:
    """The datasets and venues of the week that have fewer rows than a home that missed nothing."""
    with duckdb.connect() as con:
        for name, path in (("mine", home), ("theirs", well)):
            con.execute(f"attach '{Home(path).warehouse.resolve()}' as {name} (read_only)")
        return set(
            con.execute(
                "select dataset, venue from theirs.marts.data_coverage_weekly as well"
                " left join mine.marts.data_coverage_weekly as here using (week_start, dataset, venue)"
                " where week_start = ? and well.received_rows > coalesce(here.received_rows, 0)",
                [WEEKS[1]],
            ).fetchall()
        )


@pytest.mark.parametrize("host", [host for dialect in DIALECTS for host in dialect.hosts])
def test_a_source_that_is_off_costs_what_it_gave(host, market, weekly_homes, tmp_path):
    home = copy(weekly_homes[0], tmp_path / "home")
    market.clock(NOWS[1])
    with pytest.MonkeyPatch.context() as patch:
        as_tests_run(patch, market)
        try:
            market.fault(host, "down")
            outcome = run(home, WEEKS[1])
        finally:
            market.lift()
    assert outcome.is_success, outcome.failures
    page = Home(home).reports / Week(WEEKS[1]).label
    assert "2025-W46" in (page / "index.html").read_text() and "SIMULATED" in (page / "summary.md").read_text()

    summary = json.loads((page / "summary.json").read_text())
    sections = {section["id"]: section for section in summary["sections"]}
    text = " ".join(s["text"] for name in ("coverage", "unknown", "macro") for s in sections[name]["sentences"])
    rows = [[cell["text"] for cell in row] for row in sections["coverage"]["tables"][0]["rows"]]
    for dataset, venue in lessened(home, weekly_homes[1]):
        named = [row for row in rows if row[:2] == [in_words(dataset), venue]]
        assert named and "100.0%" not in named[0], (dataset, venue, rows)
    if not lessened(home, weekly_homes[1]):
        assert host in MAY_GO_UNNOTICED or "insufficient data" in text, f"{host} is off and nobody notices"

    with duckdb.connect(str(Home(home).warehouse.resolve()), read_only=True) as con:
        said = con.execute(
            "select text, evidence from marts.weekly_summary_sentences where language = 'en' and week_start = ?",
            [WEEKS[1]],
        ).fetchall()
        assert len(said) > 10
        for sentence, evidence in said:
            assert unfounded(con, sentence, evidence)[1] == []
