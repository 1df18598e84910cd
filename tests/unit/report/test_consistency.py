"""Sentences beside each other: order, direction, sums and windows."""

from datetime import date

import pytest

from report.consistency import Direction, Extreme, Sum, check, extremes
from report.document import Document, Note, Section, addressed
from report.errors import InconsistentTextError
from report.formatting import show
from report.languages import speaking
from report.marts import Marts, Row, ranked
from report.sections import market
from report.text import say
from tests.unit.report.marts_by_hand import plausible_marts
from warehouse.week import Week

WEEK = Week(date(2025, 11, 17))
RETURNS = {
    "mon_mon": {"1-10": -7.0, "11-50": -8.0, "51-100": -10.5},
    "fri_fri": {"1-10": -10.5, "11-50": -8.0, "51-100": -6.3},
}


def rows(window, returns=None):
    """The buckets of a window as their mart has them, highest first."""
    found = [
        Row(
            "bucket_returns_weekly",
            (("week_start", "2025-11-17"), ("window_id", window), ("rank_bucket", bucket)),
            {"rank_bucket": bucket, "window_id": window, "return_cap_weighted_pct": value},
        )
        for bucket, value in (returns or RETURNS[window]).items()
    ]
    return ranked(found, "return_cap_weighted_pct")


def document(*sentences):
    nothing = say("nothing", "Nothing.")
    note, sections = addressed(Note(nothing, nothing, (), (), ()), (Section("market", "Market", sentences=sentences),))
    return Document(WEEK, "simulated", True, note, sections)


def about_ranks(text, window, which):
    order = rows(window)
    claims = [
        c for c in extremes("returns by rank", order, "rank_bucket", "return_cap_weighted_pct") if c.side == which
    ]
    row = order[0] if which == "highest" else order[-1]
    return say("ranks", text, value=show(row.figure("return_cap_weighted_pct"), signed=True)).claiming(*claims)


def test_the_published_notes_own_contradiction_is_caught():
    fell_most = about_ranks("The largest fell most ({value}).", "fri_fri", "lowest")
    held_up = about_ranks("The largest held up best ({value}).", "mon_mon", "highest")
    with pytest.raises(InconsistentTextError, match=r"1-10 is the lowest .* without naming its window"):
        check(document(fell_most, held_up))


def test_naming_the_pages_own_window_is_not_enough():
    fell_most = about_ranks("The largest fell most ({value}).", "fri_fri", "lowest")
    held_up = about_ranks("Monday–Monday the largest held up best ({value}).", "mon_mon", "highest")
    with pytest.raises(InconsistentTextError, match=r"ranks .* 1-10 is the lowest .* without naming its window"):
        check(document(fell_most, held_up))


def test_naming_the_other_window_is():
    check(
        document(
            about_ranks("Friday–Friday the largest fell most ({value}).", "fri_fri", "lowest"),
            about_ranks("The largest held up best ({value}).", "mon_mon", "highest"),
        )
    )


def test_the_text_itself_names_both_windows_of_the_notes_marts():
    con = plausible_marts()
    con.execute("delete from marts.bucket_returns_weekly where week_start = date '2025-11-17'")
    columns = "week_start, window_id, rank_bucket, return_cap_weighted_pct"
    for window, returns in RETURNS.items():
        for bucket, value in returns.items():
            con.execute(
                f"insert into marts.bucket_returns_weekly ({columns}) values (date '2025-11-17', ?, ?, ?)",
                [window, bucket, value],
            )
    for language, monday, friday in (
        ("en", "Monday–Monday", "Friday–Friday the order was reversed"),
        ("ja", "月曜–月曜", "金曜–金曜では順序が逆"),
    ):
        with speaking(language):
            part = market.section(Marts(con, WEEK))
            said = [s for s in part.all_sentences if s.rule.startswith("bucket_ends")]
            assert monday in said[0].text and friday in said[1].text
            assert "-7.0" in said[0].text.replace("−", "-") and "-6.3" in said[1].text.replace("−", "-")
            check(document(*said))


def test_two_cannot_both_be_lowest_in_one_window():
    one = about_ranks("Monday–Monday the tail fell most ({value}).", "mon_mon", "lowest")
    [wrong] = [c for c in extremes("returns by rank", rows("mon_mon", {"1-10": -9.0, "51-100": 1.0}), "rank_bucket",
                                   "return_cap_weighted_pct") if c.side == "lowest"]  # fmt: skip
    two = say("other", "The largest fell most.").claiming(wrong)
    with pytest.raises(InconsistentTextError, match="contradict each other"):
        check(document(one, two))


def test_an_extreme_that_is_none_is_caught():
    order = rows("mon_mon")
    middle = order[1]
    among = tuple(row.figure("return_cap_weighted_pct") for row in order)
    claim = Extreme("returns by rank", "lowest", middle.text("rank_bucket"), middle.figure(
        "return_cap_weighted_pct"), among)  # fmt: skip
    with pytest.raises(InconsistentTextError, match="11-50 is not the lowest"):
        check(document(say("r", "Ranks 11 to 50 fell most.").claiming(claim)))


def test_windows_are_not_mixed():
    [highest, _] = extremes("returns by rank", rows("mon_mon"), "rank_bucket", "return_cap_weighted_pct")
    mixed = Extreme(highest.measure, "highest", highest.name, highest.value,
                    (*highest.among, rows("fri_fri")[-1].figure("return_cap_weighted_pct")))  # fmt: skip
    with pytest.raises(InconsistentTextError, match="across windows"):
        check(document(say("r", "x").claiming(mixed)))


SIGNS = [(2.0, True, True), (-2.0, True, False), (2.0, False, False), (0.0, True, False), (0.0, False, False)]


@pytest.mark.parametrize(("value", "is_rise", "is_so"), [*SIGNS, (None, True, False)])
def test_a_direction_is_the_sign(value, is_rise, is_so):
    figure = Row("t", (), {"change": value}).figure("change")
    assert (not list(Direction(figure, is_rise).faults())) == is_so


@pytest.mark.parametrize(
    ("parts", "is_so"), [((-11.88, -9.12, 0.0), True), ((-11.88, -9.12, 0.1), False), ((-21.0, None), False)]
)
def test_a_sum_is_the_sum(parts, is_so):
    total = Row("t", (), {"change_usd": -21.0}).figure("change_usd")
    figures = tuple(Row("t", (), {"part_usd": part}).figure("part_usd") for part in parts)
    assert (not list(Sum(total, figures).faults())) == is_so
