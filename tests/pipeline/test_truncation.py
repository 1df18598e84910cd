"""Nothing looks ahead: a home that knows nothing after a week says of it what a home that knows more says."""

import duckdb
import pandas as pd
import pytest

from tests.pipeline.fault_line import FLOATS_IN_KEYS, NOWS, TELLING
from tests.pipeline.market import CommandLine, market_server
from warehouse.home import Home

pytestmark = pytest.mark.xdist_group("gaps")  # which makes the same homes

# What tells of the past by what was learned later is no look ahead: coverage, what a venue forgets, sentences.
# So does what followed a week, and whether its labels were published while nobody knew: labels themselves are compared.
OF_WHAT_CAME = (*TELLING, "forward_", "is_backfilled")
OF_LEARNING = ("data_coverage_weekly", "liquidations_weekly", "weekly_summary_sentences")
# The last day's order books of Binance's perpetuals come in a file that is not there when the week is told.
BUT_LATE_FILES = {"depth_weekly": "market_type = 'spot'"}


def looks_ahead(early: Home, late: Home, last_week: str) -> tuple[list[str], int]:
    """Weekly marts whose rows up to a week differ between two homes, and how many rows of verdicts were compared."""
    found = []
    with duckdb.connect() as con:
        for name, home in (("early", early), ("late", late)):
            con.execute(f"attach '{home.warehouse.resolve()}' as {name} (read_only)")
        tables = con.execute(
            "select distinct table_name from duckdb_columns() where database_name = 'early' and schema_name = 'marts'"
            " and column_name = 'week_start' order by 1"
        ).fetchall()
        verdicts = con.execute("select count(*) from early.marts.regime_weekly where week_start <= ?", [last_week])
        n_verdicts = verdicts.fetchall()[0][0]
        for (table,) in tables:
            if table in OF_LEARNING:
                continue
            sides = [
                con.execute(
                    f'from {side}.marts."{table}" where week_start <= ? and {BUT_LATE_FILES.get(table, "true")}',
                    [last_week],
                ).df()
                for side in ("early", "late")
            ]
            keys = [c for c in sides[0] if c in FLOATS_IN_KEYS or not pd.api.types.is_float_dtype(sides[0][c])]
            keys = [c for c in keys if not any(word in c for word in OF_WHAT_CAME)]
            kept = [c for c in sides[0] if not any(word in c for word in OF_WHAT_CAME)]
            mine, theirs = (
                side[kept].assign(**{k: side[k].map(str) for k in keys}).sort_values(keys).reset_index(drop=True)
                for side in sides
            )
            try:
                pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9, atol=1e-9)
            except AssertionError as error:
                found.append(f"{table} ({len(mine)} and {len(theirs)} rows): {' '.join(str(error).split())[:300]}")
    return found, n_verdicts


def test_a_week_is_what_it_was_when_it_was_the_last(weekly_homes):
    found, n_verdicts = looks_ahead(Home(weekly_homes[0]), Home(weekly_homes[1]), "2025-11-03")
    assert found == [] and n_verdicts > 0


@pytest.mark.slow
@pytest.mark.parametrize(("now", "last_week"), [("2025-08-04T06:00", "2025-07-28"), ("2025-10-27T06:00", "2025-10-20")])
def test_the_full_market_cut_off_after_a_week_says_the_same_of_it(full_line, tmp_path, now, last_week):
    assert NOWS[-1].isoformat() > now  # full_line stands at the end of it
    with market_server("--market", "full", "--now", now) as url:
        early = CommandLine(tmp_path / "home", tmp_path, url, market=None)
        done = early("run")
        assert done.returncode == 0, done.stderr[-2000:]
    found, n_verdicts = looks_ahead(Home(early.home), Home(full_line.home), last_week)
    assert found == [] and n_verdicts > 10
