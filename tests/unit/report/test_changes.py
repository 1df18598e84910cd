"""What changed since last week, and which states hang on one vote: told from two weeks of marts filled by hand."""

import duckdb
import pytest

from report.week import read_week
from tests.unit.report.marts_by_hand import WEEK
from tests.unit.report.two_weeks import BEFORE
from warehouse.week import Week


def said(con: duckdb.DuckDBPyConnection, section: str) -> dict[str, str]:
    document = read_week(con, Week(WEEK), "simulated", True)
    return {sentence.rule: sentence.text for sentence in document.section(section).sentences}


def test_verdict_states_sectors_and_figures_are_told_with_what_they_were(two_weeks: duckdb.DuckDBPyConnection) -> None:
    assert said(two_weeks, "changes") == {
        "changes_verdict": "The verdict changed from risk-off to deleveraging.",
        "changes_states": "States that changed: leverage from neutral to unwinding and funding from below neutral "
        "to negative.",
        "changes_found": "States known this week and not before: macro (a headwind).",
        "changes_lost": "States no longer known: flow (it was balanced).",
        "changes_sector_first": "Privacy leads the sectors at +3.4%; the week before it was AI at -5.6%.",
        "changes_sector_last": "Layer 2 comes last at -14.9%; the week before it was Gaming at -14.3%.",
        "changes_up": "Higher than a week ago: Bitcoin's realised volatility (7-day, daily returns) from 40.7% to "
        "49.8% and the spot share of volume from 21.3% to 25.6%.",
        "changes_down": "Lower than a week ago: total market cap from $3.17tn to $2.97tn, Bitcoin "
        "funding of the last day from +3.1% to -5.9%, perpetual open interest from $156.0bn to $135.0bn "
        "and the odds of a cut at the next meeting from 45% to 30%.",
        "changes_same": "Unchanged from a week ago: average correlation of ranks 1–100 (0.63).",
    }


def test_the_evidence_of_a_change_is_of_both_weeks(two_weeks: duckdb.DuckDBPyConnection) -> None:
    sentences = read_week(two_weeks, Week(WEEK), "simulated", True).section("changes").sentences
    (states,) = (s for s in sentences if s.rule == "changes_states")
    cells = [(dict(f.key)["week_start"], f.column, f.value) for f in states.evidence]
    assert cells == [
        (str(BEFORE), "leverage_state", "neutral"),
        (str(WEEK), "leverage_state", "deleveraging"),
        (str(BEFORE), "funding_state", "below_neutral"),
        (str(WEEK), "funding_state", "negative"),
    ]


def test_nothing_changed_is_said(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("delete from marts.regime_weekly where week_start = ?", [BEFORE])
    copied = "insert into marts.regime_weekly select * replace (?::date as week_start) from marts.regime_weekly"
    two_weeks.execute(copied, [BEFORE])
    two_weeks.execute(
        "update marts.regime_weekly set previous_verdict = verdict, weeks_in_verdict = 2 where week_start = ?", [WEEK]
    )
    two_weeks.execute("update marts.headlines_weekly set previous_value = value, change = 0")
    found = said(two_weeks, "changes")
    assert found["changes_none"] == (
        "The regime is unchanged: deleveraging, now for 2 weeks, with every state as it was."
    )
    assert not {"changes_verdict", "changes_states", "changes_up", "changes_down"} & set(found)
    assert found["changes_same"].startswith("Unchanged from a week ago: total market cap ($2.97tn), Bitcoin funding")


def test_a_leader_that_stays_is_said_to_stay(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("update marts.sector_returns_weekly set sector = 'Privacy ' where sector = 'Privacy' and "
                      "week_start = ?", [BEFORE])  # fmt: skip
    two_weeks.execute("update marts.sector_returns_weekly set sector = 'Privacy' where sector = 'AI' and "
                      "week_start = ?", [BEFORE])  # fmt: skip
    assert said(two_weeks, "changes")["changes_sector_first"] == (
        "Privacy leads the sectors again, at +3.4% after -5.6%."
    )


def test_without_a_week_before_nothing_is_claimed(two_weeks: duckdb.DuckDBPyConnection) -> None:
    for table in ("regime_weekly", "sector_returns_weekly"):
        two_weeks.execute(f"delete from marts.{table} where week_start = ?", [BEFORE])
    two_weeks.execute("update marts.regime_weekly set previous_verdict = null")
    two_weeks.execute("update marts.headlines_weekly set previous_value = null, change = null")
    document = read_week(two_weeks, Week(WEEK), "simulated", True)
    assert [s.text for s in document.section("changes").sentences] == ["Changes since last week: insufficient data."]
    unknown = [s.text for s in document.section("unknown").sentences]
    assert "Changes since last week: insufficient data; nothing is known of the week before." in unknown


# What would change it. Volatility: elevated by votes at 1 and 2, normal by one; leverage: deleveraging by -1 and -2.


def test_states_on_the_fewest_votes_and_one_vote_short(two_weeks: duckdb.DuckDBPyConnection) -> None:
    found = said(two_weeks, "regime")
    assert found["regime_states_held"] == (
        "Held over from before, without this week's votes: correlation high across the board."
    )
    assert found["turning_narrow"] == (
        "Resting on two votes, so that losing one ends it: leverage at unwinding (market funding and net new positions "
        "(in standard deviations)) and volatility at elevated (Bitcoin volatility and Ether volatility)."
    )
    assert found["turning_short"] == (
        "One vote short: leverage at reset (market funding votes for it) and volatility at stressed (Ether volatility "
        "votes for it)."
    )
    assert found["turning_near"] == (
        "Close to a more extreme vote: Bitcoin volatility at 64.1% (volatility: stressed)."
    )
    assert "turning_firm" not in found


def test_three_of_three_votes_hang_on_none(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("delete from marts.regime_evidence_weekly where dimension not in ('funding', 'breadth')")
    found = said(two_weeks, "regime")
    assert found["turning_firm"] == "No state behind deleveraging hangs on a single vote."
    assert not {"regime_states_held", "turning_narrow", "turning_short", "turning_near"} & set(found)


def test_weights_count_not_rows(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("delete from marts.regime_evidence_weekly where dimension <> 'funding'")
    two_weeks.execute("update marts.regime_evidence_weekly set weight = 0.5 where evidence_id <> 'e3'")
    # 1 + 0.5 + 0.5 is just what a state needs: each of the three is needed.
    assert said(two_weeks, "regime")["turning_narrow"].startswith("Resting on two votes, so that losing one ends it: "
                                                                  "funding at negative (Bitcoin funding, ")  # fmt: skip


def test_a_state_without_this_weeks_votes_is_not_told_as_news(two_weeks: duckdb.DuckDBPyConnection) -> None:
    assert "correlation" not in said(two_weeks, "regime")["regime_states"]


@pytest.mark.parametrize("column", ["vote", "level", "weight"])
def test_votes_that_cannot_be_counted_are_claimed_by_nobody(two_weeks: duckdb.DuckDBPyConnection, column: str) -> None:
    two_weeks.execute(f"update marts.regime_evidence_weekly set {column} = null")
    assert [rule for rule in said(two_weeks, "regime") if rule.startswith("turning")] == []


def test_without_this_weeks_votes_nothing_is_said_of_them(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("update marts.regime_evidence_weekly set week_start = ?", [BEFORE])
    assert [rule for rule in said(two_weeks, "regime") if rule.startswith("turning")] == []


def test_hostile_votes_do_not_break_the_week(two_weeks: duckdb.DuckDBPyConnection) -> None:
    two_weeks.execute("update marts.regime_evidence_weekly set vote = '<script>' || vote, metric_id = '{0} %s'")
    assert "regime_verdict" in said(two_weeks, "regime")
