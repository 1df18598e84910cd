"""What the companion shows: lines through a year and a grid of states, each value a figure of a mart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from report.archive.index import VERDICT_LEVELS
from report.charts import look
from report.charts.funding import NEUTRAL_PCT
from report.charts.look import label
from report.charts.regime_timeline import STATES, levels_of_states
from report.figures import Figure
from report.formatting import as_level, words
from report.marts import Marts, Row

WEEKS = 52
_BUCKETS = {"1-10": "1–10", "11-50": "11–50", "51-100": "51–100", "all": "1–100"}


@dataclass(frozen=True)
class Line:
    """One line of a panel; `id` is what its rows call it, `name` what people do."""

    id: str
    name: str


@dataclass(frozen=True)
class Level:
    """A value that a panel draws across: what it is, and what it is called there."""

    value: float
    name: str


@dataclass(frozen=True)
class Point:
    """A value of a line on a day; a day without one breaks the line."""

    day: date
    line: str
    figure: Figure | None


@dataclass(frozen=True)
class Field:
    """A week's state in a lane of the grid, and the colour token of its level."""

    monday: date
    lane: str
    state: Figure
    colour: str


@dataclass(frozen=True)
class Panel:
    """One chart: lines with levels, or a grid. `divisor` brings a mart's unit to the one that the axis is in.

    `is_rebased`: what is drawn is the value as percent of the first one in sight.
    """

    id: str
    title: str
    unit: str
    lines: tuple[Line, ...] = ()
    points: tuple[Point, ...] = ()
    levels: tuple[Level, ...] = ()
    fields: tuple[Field, ...] = ()
    divisor: float = 1.0
    number: str = ",.2f"
    has_zero: bool = False
    is_rebased: bool = False

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The cells of marts that are drawn."""
        drawn = [point.figure for point in self.points if point.figure is not None]
        return (*drawn, *(cell.state for cell in self.fields))

    @property
    def source(self) -> str:
        """The marts that they stand in."""
        return ", ".join(dict.fromkeys(f"marts.{figure.table}" for figure in self.figures))


@dataclass(frozen=True)
class Year:
    """The year to the week's end, in the language spoken: what all panels read their rows by."""

    marts: Marts
    first: date = field(init=False)
    last: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "last", self.marts.week.last_day)
        object.__setattr__(self, "first", self.marts.week.last_day - timedelta(weeks=WEEKS) + timedelta(days=1))

    def points(self, line: str, table: str, column: str, time: str, **where: object) -> list[Point]:
        """A value for each row of the year; a week's stands at its Sunday."""
        shift = timedelta(days=6 if time == "week_start" else 0)
        rows = self.marts.since(table, time, self.first - shift, self.last - shift, **where)
        found = {day + shift: row.figure(column) for row in rows if (day := look.day_of(row, time)) is not None}
        step = timedelta(days=7 if shift else 1)
        points = []
        day = min(found, default=self.last)
        while day <= self.last:
            figure = found.get(day)
            points.append(Point(day, line, figure if figure is not None and figure.number is not None else None))
            day += step
        return points


def build(marts: Marts) -> tuple[Panel, ...]:
    """The panels that have something to show, in the order of the page, in the language spoken."""
    year = Year(marts)
    made = (make(year) for make in _PANELS)
    return tuple(panel for panel in made if panel is not None and (panel.fields or any(p.figure for p in panel.points)))


def _total_cap(year: Year) -> Panel:
    return Panel(
        "total_cap",
        label("Total crypto cap"),
        label("Trillion US dollars, stablecoins included"),
        (Line("cap", label("Total crypto cap")),),
        tuple(year.points("cap", "metric_values", "value", "value_date", metric_id="total_market_cap_usd")),
        _levels(year, "total_market_cap_usd", "USD", 1e12),
        divisor=1e12,
    )


def _bitcoin(year: Year) -> Panel:
    return Panel(
        "bitcoin",
        label("Bitcoin"),
        label("US dollars"),
        (Line("btc", label("Bitcoin")),),
        tuple(year.points("btc", "metric_values", "value", "value_date", metric_id="btc_price_usd")),
        _levels(year, "btc_price_usd", "USD per coin", 1.0),
        number=",.0f",
    )


def _funding(year: Year) -> Panel:
    lines = (Line("ALL", label("Market")), Line("bitcoin", label("Bitcoin")), Line("ethereum", label("Ether")))
    return Panel(
        "funding",
        label("Funding"),
        label("Percent a year, by day"),
        lines,
        _of_each(
            lines,
            lambda line: year.points(
                line, "funding_daily", "funding_rate_annualised_pct", "market_date", asset_id=line
            ),
        ),
        (Level(0.0, ""), Level(NEUTRAL_PCT, label("neutral"))),
        number="+,.1f",
        has_zero=True,
    )


def _open_interest(year: Year) -> Panel:
    lines = (Line("total_usd", label("As it stands")), Line("total_like_for_like_usd", label("Like for like")))
    return Panel(
        "open_interest",
        label("Open interest"),
        label("Billion US dollars in perpetuals"),
        lines,
        _of_each(lines, lambda line: year.points(line, "open_interest_market_daily", line, "market_date")),
        divisor=1e9,
        number=",.1f",
        has_zero=True,
    )


def _correlation(year: Year) -> Panel:
    lines = tuple(Line(bucket, name) for bucket, name in _BUCKETS.items())
    return Panel(
        "correlation",
        label("Correlation by rank"),
        label("Average pairwise correlation of hourly returns in each week"),
        lines,
        _of_each(
            lines,
            lambda line: year.points(
                line,
                "bucket_correlation_weekly",
                "average_pairwise_correlation",
                "week_start",
                window_id="mon_mon",
                horizon="7d",
                rank_bucket=line,
            ),
        ),
    )


def _sectors(year: Year) -> Panel:
    rows = year.marts.weekly_rows("sector_returns_weekly")
    known = {row.text("sector"): words(row.figure("sector")).text for row in rows}
    points = {
        sector: year.points(f"s{n}", "index_levels_daily", "level", "market_date", index_id=sector)
        for n, sector in enumerate(known)
    }
    shown = {sector: found for sector, found in points.items() if any(point.figure for point in found)}
    return Panel(
        "sectors",
        label("Sector indices"),
        label("The left edge of what is in sight is 100"),
        tuple(Line(found[0].line, known[sector]) for sector, found in shown.items()),
        tuple(point for found in shown.values() for point in found if point.figure is not None),
        (Level(100.0, ""),),
        number=",.1f",
        is_rebased=True,
    )


def _regime(year: Year) -> Panel:
    marts = year.marts
    rows = marts.since("regime_weekly", "week_start", year.first - timedelta(days=6), marts.week.start)
    of_states = levels_of_states(marts)
    fields: list[Field] = []
    for row in rows:
        monday = look.day_of(row, "week_start")
        if monday is None:
            continue
        verdict = row.figure("verdict")
        if verdict.is_known:
            fields.append(Field(monday, label("Verdict"), verdict, _token(VERDICT_LEVELS.get(str(verdict.value)))))
        fields += list(_states(row, monday, of_states))
    lanes = (label("Verdict"), *(label(STATES[column]) for column in STATES))
    return Panel(
        "regime",
        label("Regime"),
        label("Each week's verdict and states, from the low end of its scale (blue) to the high end (orange)"),
        tuple(Line(lane, lane) for lane in lanes if any(cell.lane == lane for cell in fields)),
        fields=tuple(fields),
    )


_PANELS: tuple[Callable[[Year], Panel], ...] = (
    _total_cap, _bitcoin, _funding, _open_interest, _correlation, _sectors, _regime
)  # fmt: skip


def _states(row: Row, monday: date, levels: dict[tuple[str, str], int]) -> Iterable[Field]:
    for column in STATES:
        state = row.figure(column)
        if state.is_known:
            level = levels.get((column.removesuffix("_state"), str(state.value)))
            yield Field(monday, label(STATES[column]), state, _token(level))


def _token(level: int | None) -> str:
    return "$faint" if level is None else {-2: "$low2", -1: "$low1", 0: "$middle", 1: "$high1", 2: "$high2"}[level]


def _of_each(lines: Iterable[Line], points: Callable[[str], list[Point]]) -> tuple[Point, ...]:
    return tuple(point for line in lines for point in points(line.id))


def _levels(year: Year, metric_id: str, unit: str, divisor: float) -> tuple[Level, ...]:
    level = year.marts.headline(metric_id).figure("level", unit)
    return () if level.number is None else (Level(level.number / divisor, as_level(level).text),)
