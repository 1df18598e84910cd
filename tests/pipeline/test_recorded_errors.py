"""Every error that a service is known to answer with, through the whole line: of its class, and nobody else is harmed.

The errors are those that were recorded, or else those of our own making. A service answers everything with one; then a
week is published without it.
"""

from pathlib import Path

import pytest

from tests.pipeline.fault_line import NOWS, WEEKS, FaultyMarket, as_tests_run, copy, query, run
from tests.pipeline.weekly_homes import WeeklyHomes
from tests.recorded.expecting import ERRORS
from tests.recorded.finding import CONSTRUCTED, RECORDED, RecordedAnswer, answers
from warehouse.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

HOSTS = {
    "binance": "fapi.binance.com", "bitget": "api.bitget.com", "bybit": "api.bybit.com",
    "coinbase": "api.exchange.coinbase.com", "coingecko": "api.coingecko.com", "fred": "fred.stlouisfed.org",
    "gate": "api.gateio.ws", "hyperliquid": "api.hyperliquid.xyz", "kraken": "futures.kraken.com", "okx": "www.okx.com",
    "yahoo": "query1.finance.yahoo.com",
}  # fmt: skip
KNOWN = [a for a in answers(RECORDED if RECORDED.exists() else CONSTRUCTED) if a.expect.get("error") in ERRORS]


def said(home: Path, service: str) -> tuple[set[str], set[str]]:
    """Why questions of the week's run came to nothing, of a service, and of all others."""
    rows = query(
        Home(home).staging,
        "select origin = ?, reason from raw.requests where status <> 'complete' and reason is not null"
        " and load_id > (select max(load_id) from raw.builds where build_id = (select min(build_id) from raw.builds))",
        [service],
    )
    return {reason for is_own, reason in rows if is_own}, {reason for is_own, reason in rows if not is_own}


@pytest.mark.parametrize("answer", KNOWN, ids=lambda answer: answer.name)
def test_an_error_harms_nobody_else(
    answer: RecordedAnswer, faulty_market: FaultyMarket, weekly_homes: WeeklyHomes, tmp_path: Path
) -> None:
    home, well = copy(weekly_homes[0], tmp_path / "home"), weekly_homes[1]
    faulty_market.clock(NOWS[1])
    try:
        with pytest.MonkeyPatch.context() as patch:
            as_tests_run(patch, faulty_market)
            headers = {"Content-Type": answer.content_type, **answer.headers}
            kind = f"answer:{answer.status}"
            faulty_market.fault(HOSTS[answer.service], kind, body=answer.body.decode(), headers=headers)
            outcome = run(home, WEEKS[1])
    finally:
        faulty_market.lift()
    assert outcome.is_success, outcome.failures
    own, others = said(home, answer.service)
    assert own and all("\n" not in reason for reason in own)
    if ERRORS[answer.expect["error"]] == "not_offered":
        assert all(reason.startswith("not offered") for reason in own), own
    assert others == said(well, answer.service)[1]
    coverage = (
        "select dataset, venue, received_rows, coverage_pct from marts.data_coverage_weekly"
        " where week_start = ? and venue <> ? order by all"
    )
    found, expected = (query(Home(of).warehouse, coverage, [WEEKS[1], answer.service]) for of in (home, well))
    assert found == expected and len(found) > 3
