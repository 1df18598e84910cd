"""A rule that was wrong, through the whole line: its rows are held, the week is published with less, nothing is lost.

The rule is mended, the rows are released without asking anyone, and the next run's marts are those of a home that never
had the rule.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from expectations.rules import between, quarantine
from expectations.suites import candles, suite_of
from tests.pipeline.fault_line import WEEKS, differences, query, run
from tests.pipeline.market import CommandLine, market_server
from warehouse.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("release")]

RULE = "ether_is_cheap"
DAY = pd.Timestamp("2025-11-19")


def ether_of_a_day(rows, now):
    is_held = rows["venue_symbol"].str.startswith("ETH") & (rows["open_time"].dt.normalize() == DAY)
    return is_held.astype(float)


TOO_TIGHT = replace(
    candles.SUITE,
    derived={**candles.SUITE.derived, "tight": ether_of_a_day},
    rules=(*candles.SUITE.rules, quarantine(RULE, "ether was never so dear", between("tight", at_most=0))),
)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Two homes of the same week: one that had the rule and one that never had; and the first one's command line."""
    directory = tmp_path_factory.mktemp("release")
    patch = pytest.MonkeyPatch()
    with market_server("--market", "tiny") as url:
        patch.setenv("REGIME_SERVER_URL", url)
        for name, suite in (("never", candles.SUITE), ("tight", TOO_TIGHT)):
            with pytest.MonkeyPatch.context() as guard:
                guard.setattr(candles, "SUITE", suite)
                suite_of.cache_clear()
                guard.setenv("REGIME_HOME", str(directory / name))
                outcome = run(directory / name, WEEKS[2])
            suite_of.cache_clear()
            assert outcome.is_success, outcome.failures
        yield CommandLine(directory / "tight", directory, url), directory / "never"
        patch.undo()


def landed(home: Path) -> dict[str, str]:
    """Every landed file with its digest, judgements aside."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "landing").rglob("*.*"))
        if not path.name.endswith(".judgement.json")
    }


def test_a_rule_that_was_wrong_costs_coverage_until_it_is_released(homes):
    line, never = homes
    staging = Home(line.home).staging
    held = query(staging, f"select count(*) from raw.quarantine where rule = '{RULE}' and released_at is null")[0][0]
    assert held > 24
    coverage = "select min(coverage_pct) from marts.data_coverage_weekly where dataset = 'candles' and week_start = ?"
    assert query(Home(line.home).warehouse, coverage, [WEEKS[2]]) < query(Home(never).warehouse, coverage, [WEEKS[2]])
    assert differences(line.home, never)
    files, published = landed(line.home), (line.home / "reports" / "2025-W47" / "summary.json").read_bytes()

    listed = line("quarantine", "list", "--format", "csv")
    assert listed.returncode == 0, listed.stderr
    assert f"{RULE},candles,binance,row," in listed.stdout
    shown = line("quarantine", "show", RULE, "--venue", "binance", "--limit", "1", "--format", "json")
    assert "ether was never so dear" in shown.stdout and ".parquet" in shown.stdout

    done = line("quarantine", "release", RULE, REGIME_SERVER_URL="http://127.0.0.1:1")  # nobody is asked
    assert done.returncode == 0, done.stderr
    assert f" {held} rows released" in done.stdout and "the next `regime run`" in done.stdout
    assert landed(line.home) == files
    assert query(staging, "select count(*) from raw.quarantine where released_at is null") == [(0,)]
    again = line("quarantine", "release", RULE)
    assert again.returncode == 2 and "holds nothing" in again.stderr

    done = line("run", "--week", "2025-W47")
    assert done.returncode == 0, done.stderr
    assert differences(line.home, never) == []
    then = line("report", "--week", "2025-W47", "--as-of", "publication:1", "--out", str(line.cwd / "then"))
    assert then.returncode == 0, then.stderr
    assert (line.cwd / "then" / "summary.json").read_bytes() == published
