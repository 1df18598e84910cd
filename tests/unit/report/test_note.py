"""The note: what it says first in which week, that it claims nothing that the week's votes or returns contradict."""

from datetime import date, timedelta

import duckdb
import pytest

from report.consistency import Equal
from report.document import Document
from report.errors import InconsistentTextError
from report.figures import Figure
from report.marts import Row
from report.note.fact import Fact, bits_of_absence, bits_of_percentile, bits_of_sds, told
from report.text import say
from report.week import read_week
from tests.unit.report.marts_by_hand import MARTS, WEEK, insert
from warehouse.week import Week

BREADTH = "where dimension = 'breadth'"


def page(con: duckdb.DuckDBPyConnection) -> Document:
    return read_week(con, Week(WEEK), "simulated", True)


def headline(con: duckdb.DuckDBPyConnection) -> str:
    return page(con).note.headline.text


def returns(con: duckdb.DuckDBPyConnection, pct: float) -> None:
    """The top-30 index returned this, and no level was crossed."""
    con.execute("update marts.index_returns_weekly set return_pct = ?", [pct])
    con.execute("update marts.headlines_weekly set first_since_date = null where level is not null")


def a_macro_week(con: duckdb.DuckDBPyConnection) -> None:
    """No clause but the odds of a cut is unusual enough for a headline."""
    con.execute("update marts.macro_weekly set change = -15.4 where series_id = 'FED_CUT_PROBABILITY'")


def test_a_level_crossed_for_the_first_time_in_long_leads(two_weeks: duckdb.DuckDBPyConnection) -> None:
    assert headline(two_weeks) == "Crypto below $3 trillion for the first time since April as rate-cut odds fall to 30%"


def test_what_is_compared_with_old_list_prices_is_not_called_the_first(two_weeks: duckdb.DuckDBPyConnection) -> None:
    insert(two_weeks, "market_cap_daily", (date(2025, 4, 30), 2.91e12, 2.7e12, 230, 126, 31.6))
    two_weeks.execute("update marts.index_returns_weekly set return_pct = -2.0")
    assert headline(two_weeks) == "Crypto falls below $3 trillion as rate-cut odds fall to 30%"


@pytest.mark.parametrize(
    ("pct", "told_first"),
    [
        (-12.1, "Crypto falls 12.1% as rate-cut odds fall to 30%"),
        (0.4, "Crypto little changed over the week (+0.4%) as rate-cut odds fall to 30%"),
        (6.0, "Crypto gains 6.0% even as rate-cut odds fall to 30%"),
    ],
)
def test_a_rise_against_the_odds_is_said_to_be_one(
    two_weeks: duckdb.DuckDBPyConnection, pct: float, told_first: str
) -> None:
    returns(two_weeks, pct)
    assert headline(two_weeks) == told_first


def test_the_worst_week_in_long_names_the_month_of_the_last_one(two_weeks: duckdb.DuckDBPyConnection) -> None:
    returns(two_weeks, -12.1)
    for weeks, pct in ((1, -11.9), (9, -12.0), (30, -12.2), (40, -20.0)):
        insert(two_weeks, "index_returns_weekly", (WEEK - timedelta(weeks=weeks), "mon_mon", "top30", pct))
    # Thirty weeks before 17 November is 21 April.
    assert headline(two_weeks).startswith("Crypto falls 12.1% in its worst week since April as")


def test_a_worse_week_a_month_ago_takes_the_superlative_away(two_weeks: duckdb.DuckDBPyConnection) -> None:
    returns(two_weeks, -12.1)
    insert(two_weeks, "index_returns_weekly", (WEEK - timedelta(weeks=4), "mon_mon", "top30", -13.0))
    assert headline(two_weeks).startswith("Crypto falls 12.1% as")


def test_the_so_what_says_the_regime_and_what_cannot_be_told(two_weeks: duckdb.DuckDBPyConnection) -> None:
    assert page(two_weeks).note.so_what.text == (
        "Regime: deleveraging, after risk-off the week before. 93% of the top 100 fell, and positions were closed, not "
        "just marked down. No call on flow: the data are incomplete."
    )


def test_an_improvement_that_is_not_confirmed_is_said_to_be_none_yet(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("update marts.regime_weekly set verdict = 'range' where week_start = ?", [WEEK])
    assert page(two_weeks).note.so_what.text == (
        "Regime: range, after risk-off the week before. 93% of the top 100 fell. No call on flow: the data are "
        "incomplete. It takes a second such week to confirm it: until then the confirmed regime is deleveraging."
    )


@pytest.mark.parametrize(
    ("verdict", "level", "told_of"),
    [("risk_on", -1, "a broad fall"), ("recovery", -1, "a broad fall"), ("risk_off", 1, "a broad rise")],
)
def test_a_verdict_against_the_weeks_votes_does_not_reach_a_page(
    two_weeks: duckdb.DuckDBPyConnection, verdict: str, level: int, told_of: str
) -> None:
    two_weeks.execute("update marts.regime_weekly set verdict = ? where week_start = ?", [verdict, WEEK])
    two_weeks.execute(f"update marts.regime_evidence_weekly set level = ? {BREADTH}", [level])
    with pytest.raises(InconsistentTextError, match=rf"verdict {verdict} stands against votes of 3 for {told_of}"):
        page(two_weeks)


def test_a_headline_against_the_weeks_return_does_not_reach_a_page(
    two_weeks: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns(two_weeks, 6.0)
    monkeypatch.setattr("report.note.headline.math.copysign", lambda one, number: -one)
    with pytest.raises(InconsistentTextError, match=r"headline .*return_pct is 6\.0, and no fall"):
        page(two_weeks)


def test_a_state_that_is_only_held_over_makes_no_clause(two_weeks: duckdb.DuckDBPyConnection) -> None:
    """Spot share is at its highest; with this week's votes it is news, without them the state is an old one."""
    two_weeks.execute("update marts.headlines_weekly set percentile_365d = 1 where metric_id = 'spot_share_pct'")
    two_weeks.execute("update marts.regime_weekly set flow_state = 'spot_led' where week_start = ?", [WEEK])
    for number, level in enumerate((1, 1, 0)):
        row = (WEEK, "flow", f"f{number}", "spot_share_pct", 25.6, 0.7, 1.0, "percentile", "spot_led", level)
        insert(two_weeks, "regime_evidence_weekly", (*row, None, None, 1.0, 100.0, "a_mart"))
    assert headline(two_weeks).endswith(" as trading moves to spot")
    two_weeks.execute("update marts.regime_evidence_weekly set level = 0 where evidence_id = 'f1'")
    assert not headline(two_weeks).endswith("spot")


def test_the_note_is_short_in_any_week() -> None:
    for make in MARTS.values():
        text = " ".join(sentence.text for sentence in page(make()).note.sentences)
        assert len(text.split()) < 350


def test_the_week_ahead_is_what_the_calendars_say(two_weeks: duckdb.DuckDBPyConnection) -> None:
    assert [sentence.text for sentence in page(two_weeks).note.week_ahead] == [
        "Next week: New York closed on 27 November (Thanksgiving) and monthly options expiry on 28 November.",
        "Later: FOMC decision on 10 December.",
    ]


def test_a_guessed_day_of_a_release_is_not_printed(two_weeks: duckdb.DuckDBPyConnection) -> None:
    for event, is_estimated in (("UNRATE", False), ("PAYEMS", True)):
        insert(two_weeks, "week_ahead", (WEEK, date(2025, 11, 25), "release", event, event, is_estimated))
    assert page(two_weeks).note.week_ahead[0].text.startswith("Next week: UNRATE on 25 November, New York closed")


def test_that_all_fell_is_held_against_the_mart(
    two_weeks: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "where metric_id = 'share_of_assets_negative_pct'"
    two_weeks.execute(f"update marts.headlines_weekly set value = 100 {where}")
    assert "All of the top 100 fell, and" in page(two_weeks).note.so_what.text
    monkeypatch.setattr("report.note.headline.Equal", lambda figure, _: Equal(figure, 99.0))
    with pytest.raises(InconsistentTextError, match=r"so-what .* is 100\.0, and not 99"):
        page(two_weeks)


# Surprise


def figure(value: float | None) -> Figure:
    return Figure(value, "", "t", (), "c")


@pytest.mark.parametrize(
    ("share", "bits"), [(0.5, 0.0), (0.25, 1.0), (0.75, 1.0), (0.0625, 3.0), (0.0, 6.0), (None, 0.0)]
)
def test_a_percentile_surprises_by_its_tail(share: float | None, bits: float) -> None:
    assert bits_of_percentile(figure(share)) == pytest.approx(bits)


@pytest.mark.parametrize(("days", "bits"), [(7, 0.0), (28, 2.0), (7 * 32, 5.0), (7 * 1000, 6.0)])
def test_an_absence_surprises_by_its_weeks(days: int, bits: float) -> None:
    row = Row("t", (), {"value_date": WEEK, "first_since_date": WEEK - timedelta(days=days)})
    assert bits_of_absence(row) == pytest.approx(bits)


def test_standard_deviations_surprise_as_if_normal() -> None:
    assert bits_of_sds(0.0) == pytest.approx(0.0)
    # 4.55 % of normal moves are larger than two standard deviations: 1 in 22 is 4.46 bits.
    assert bits_of_sds(-2.0) == pytest.approx(4.458, abs=0.001)


def test_what_surprises_most_is_told_first_and_what_cares_less_gives_way() -> None:
    facts = [
        Fact(say(name, "{f}", f=figure(1.0)), bits, weight=weight)
        for name, bits, weight in (("dull", 1.0, 1.0), ("odd", 5.0, 1.0), ("odd_but_minor", 5.9, 0.5))
    ]
    assert [sentence.rule for sentence in told(facts, 2)] == ["odd", "odd_but_minor"]
