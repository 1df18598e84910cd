"""What changed since last week: verdict, states, the ends of the sectors, and the figures that set the tone."""

from report.document import Section
from report.figures import Figure
from report.formatting import Printed, in_unit, show, whole, words
from report.marts import Marts, Row, ranked
from report.text import Fragment, Sentence, Unknown, compose, say, series, unknown
from report.votes import STATES, UNDECIDED

# The metrics that are told of, as a list of moves names them.
MOVES = {
    "total_market_cap_usd": "total market cap",
    "btc_funding_annualised_pct": "Bitcoin funding of the last day",
    "open_interest_usd": "perpetual open interest",
    "btc_rv_7d_daily_pct": "Bitcoin's realised volatility (7-day, daily returns)",
    "correlation_all_7d": "average correlation of ranks 1–100",
    "spot_share_pct": "the spot share of volume",
    "cut_probability_pct": "the odds of a cut at the next meeting",
}
# A plus is written before their gains.
SIGNED = ("btc_funding_annualised_pct",)


def section(marts: Marts) -> Section:
    """The regime first, then sectors, then figures; that nothing is known of the week before, if so."""
    said: list[Sentence | Unknown] = [*_regime(marts), *_sectors(marts), *_moves(marts)]
    if not said:
        missing = marts.weekly("regime_weekly", window_id=None).figure("previous_verdict")
        said = [unknown("changes", "Changes since last week", missing, "nothing is known of the week before")]
    return Section(
        id="changes",
        title="What changed since last week",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        unknowns=tuple(s for s in said if isinstance(s, Unknown)),
        note=compose("This week against the week before; levels are those at the end of each."),
    )


def _regime(marts: Marts) -> list[Sentence]:
    row = marts.weekly("regime_weekly", window_id=None)
    before = marts.row("regime_weekly", week_start=marts.week.previous.start)
    verdict, previous = words(row.figure("verdict")), words(row.figure("previous_verdict"))
    if not (verdict.figure.is_known and previous.figure.is_known):
        return []
    states = _states(row, before)
    is_same = verdict.figure.value == previous.figure.value
    weeks = row.figure("weeks_in_verdict")
    if is_same and before.exists and not states:
        return [
            say(
                "changes_none",
                "The regime is unchanged: {verdict}, now for {weeks}, with every state as it was.",
                verdict=verdict,
                weeks=weeks,
            )
        ]
    if is_same:
        return [say("changes_verdict", "The verdict stays {verdict}, now for {weeks}.", verdict=verdict,
                    weeks=weeks), *states]  # fmt: skip
    return [
        say("changes_verdict", "The verdict changed from {previous} to {verdict}.", previous=previous, verdict=verdict),
        *states,
    ]


def _states(row: Row, before: Row) -> list[Sentence]:
    """States that are others, that could not be told before, and that cannot be told any more."""
    changed, found, lost = [], [], []
    for column in STATES:
        was, now = words(before.figure(column)), words(row.figure(column))
        if not (was.figure.is_known and now.figure.is_known) or was.figure.value == now.figure.value:
            continue
        dimension = compose(STATES[column])
        if was.figure.value == UNDECIDED:
            found.append(compose("{dimension} ({now})", dimension=dimension, now=now))
        elif now.figure.value == UNDECIDED:
            lost.append(compose("{dimension} (it was {was})", dimension=dimension, was=was))
        else:
            changed.append(compose("{dimension} from {was} to {now}", dimension=dimension, was=was, now=now))
    said = []
    if changed:
        said.append(say("changes_states", "States that changed: {changed}.", changed=series(changed)))
    if found:
        said.append(say("changes_found", "States known this week and not before: {found}.", found=series(found)))
    if lost:
        said.append(say("changes_lost", "States no longer known: {lost}.", lost=series(lost)))
    return said


def _sectors(marts: Marts) -> list[Sentence]:
    now = ranked(marts.weekly_rows("sector_returns_weekly"), "rank", highest_first=False)
    rows = marts.rows("sector_returns_weekly", week_start=marts.week.previous.start, window_id="mon_mon")
    before = ranked(rows, "rank", highest_first=False)
    if not (now and before):
        return []
    first, last = (now[0], before[0]), (now[-1], before[-1])
    return [
        _end(
            "changes_sector_first",
            "{sector} leads the sectors again, at {returned} after {before_returned}."
            if _is_same(*first)
            else "{sector} leads the sectors at {returned}; the week before it was {before} at {before_returned}.",
            *first,
        ),
        _end(
            "changes_sector_last",
            "{sector} comes last again, at {returned} after {before_returned}."
            if _is_same(*last)
            else "{sector} comes last at {returned}; the week before it was {before} at {before_returned}.",
            *last,
        ),
    ]


def _is_same(now: Row, before: Row) -> bool:
    return now.text("sector") == before.text("sector")


def _end(rule: str, template: str, now: Row, before: Row) -> Sentence:
    return say(
        rule,
        template,
        sector=words(now.figure("sector")),
        returned=show(now.figure("return_cap_weighted_pct"), signed=True),
        before=words(before.figure("sector")),
        before_returned=show(before.figure("return_cap_weighted_pct"), signed=True),
    )


def _moves(marts: Marts) -> list[Sentence]:
    up: list[tuple[Fragment, ...]] = []
    down: list[tuple[Fragment, ...]] = []
    same: list[tuple[Fragment, ...]] = []
    for metric in MOVES:
        row = marts.headline(metric)
        if not (row.figure("value").is_known and row.figure("previous_value").is_known):
            continue
        name, unit = compose(MOVES[metric]), row.text("unit")
        value, before = (_printed(row.figure(c), metric, unit) for c in ("value", "previous_value"))
        if value.text == before.text:
            # What is printed alike did not move as far as the page can tell.
            same.append(compose("{name} ({value})", name=name, value=value))
            continue
        moved = compose("{name} from {before} to {value}", name=name, before=before, value=value)
        (up if (row.figure("change").number or 0) > 0 else down).append(moved)
    said = []
    if up:
        said.append(say("changes_up", "Higher than a week ago: {listed}.", listed=series(up)))
    if down:
        said.append(say("changes_down", "Lower than a week ago: {listed}.", listed=series(down)))
    if same:
        said.append(say("changes_same", "Unchanged from a week ago: {listed}.", listed=series(same)))
    return said


def _printed(figure: Figure, metric: str, unit: str) -> Printed:
    """A value of a metric; odds are whole, whichever section states them."""
    if metric == "cut_probability_pct":
        return whole(figure, "percent")
    return in_unit(figure, unit, signed=metric in SIGNED)
