"""From what evidences measured to states, verdicts and what is confirmed of them: week by week, in plain loops."""

from dataclasses import dataclass

import pandas as pd

COVERAGE_NEEDED = 80
VOTES_NEEDED = 2
WEEKS_TO_CONFIRM = 2
UNKNOWN = "insufficient_data"
DIMENSIONS = ("leverage", "funding", "flow", "volatility", "correlation", "breadth", "macro")


@dataclass(frozen=True)
class Vote:
    """An evidence of a week: the level it votes for, and the levels that it would keep, had they stood."""

    dimension: str
    level: int
    would_keep: frozenset[int]
    weight: float


def vote(row: pd.Series, rules: pd.DataFrame) -> Vote | None:
    """The vote of an evidence's row (of regime_evidence_weekly); None where it has none."""
    ranges = rules[(rules["dimension"] == row["dimension"]) & (rules["evidence_id"] == row["evidence_id"])]
    measured = row["percentile"] if ranges["measure"].iloc[0] == "percentile" else row["value"]
    if pd.isna(measured) or not row["coverage_pct"] >= COVERAGE_NEEDED:
        return None
    level, kept = None, set()
    for rule in ranges.itertuples():
        low = -float("inf") if pd.isna(rule.from_value) else rule.from_value
        high = float("inf") if pd.isna(rule.to_value) else rule.to_value
        if low <= measured < high:
            level = rule.level
        if low - rule.leave_by <= measured < high + rule.leave_by:
            kept.add(rule.level)
    return None if level is None else Vote(row["dimension"], level, frozenset(kept), ranges["weight"].iloc[0])


def _backs(level: int, target: int) -> bool:
    """An evidence at `level` backs a state at `target`: the middle always, else what is not farther out on its side."""
    return target == 0 or (level * target > 0 and abs(level) >= abs(target))


def states(votes: list[list[Vote]], levels: dict[str, set[int]]) -> list[dict[str, tuple[int | None, bool]]]:
    """Per week, of each dimension: its level (None if insufficient), and whether it is only held over.

    `votes` are those of each week, oldest first; `levels` those that a dimension has.
    """
    found: list[dict[str, tuple[int | None, bool]]] = []
    for cast in votes:
        week = {}
        for dimension in DIMENSIONS:
            mine = [v for v in cast if v.dimension == dimension]
            known = levels.get(dimension, set())
            backing = {n: sum(v.weight for v in mine if _backs(v.level, n)) for n in known}
            against = {n: sum(v.weight for v in mine if v.level * n < 0) for n in known}
            entered = [n for n in known if backing[n] >= VOTES_NEEDED and backing[n] > against[n]]
            if not entered:
                week[dimension] = (None, False)
                continue
            level = max(entered, key=abs)
            stood = found[-1][dimension][0] if found else None
            is_held_over = False
            if stood and abs(stood) > abs(level) and stood * level >= 0:
                # One that would keep a state farther out on that side would keep this one too.
                kept = sum(v.weight for v in mine if any(_backs(n, stood) for n in v.would_keep))
                if kept >= VOTES_NEEDED:
                    is_held_over, level = backing[stood] < VOTES_NEEDED, stood
            week[dimension] = (level, is_held_over)
        found.append(week)
    return found


def verdict(named: dict[str, str], table: pd.DataFrame) -> str:
    """The first row of the table, by priority, that fits the states by dimension."""
    for row in table.sort_values("priority").to_dict("records"):
        lists = {dimension: row[f"{dimension}_states"] for dimension in DIMENSIONS}
        if all(said == "*" or named[dimension] in said.split("|") for dimension, said in lists.items()):
            return row["verdict"]
    return UNKNOWN


def confirmed(verdicts: list[str], table: pd.DataFrame) -> list[str]:
    """What stands in each week: a worse verdict at once, anything else in its second week in a row."""
    rank = dict(zip(table["verdict"], table["rank_from_worst"], strict=True))
    found: list[str] = []
    for number, own in enumerate(verdicts):
        standing = found[-1] if found else UNKNOWN
        is_worse = own in rank and standing in rank and rank[own] < rank[standing]
        has_stood = verdicts[max(number - WEEKS_TO_CONFIRM + 1, 0) : number + 1] == [own] * WEEKS_TO_CONFIRM
        found.append(own if standing == UNKNOWN or is_worse or has_stood else standing)
    return found


def regimes(evidence: pd.DataFrame, rules: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Rows as regime_weekly has them (without coverage), from the measurements of regime_evidence_weekly."""
    names = {(row.dimension, row.level): row.state for row in rules.itertuples()}
    levels = {dimension: set(rows["level"]) for dimension, rows in rules.groupby("dimension")}
    weeks = sorted(evidence["week_start"].unique())
    by_week = dict(iter(evidence.groupby("week_start")))
    cast = [[v for _, row in by_week[week].iterrows() if (v := vote(row, rules))] for week in weeks]
    rows = []
    for week, found in zip(weeks, states(cast, levels), strict=True):
        named = {d: UNKNOWN if level is None else names[d, level] for d, (level, _) in found.items()}
        before = rows[-1] if rows else None
        own = verdict(named, table)
        is_same = before is not None and before["verdict"] == own
        rows.append(
            {f"{d}_state": state for d, state in named.items()}
            | {
                "week_start": week,
                "verdict": own,
                "previous_verdict": before["verdict"] if before else None,
                "weeks_in_verdict": before["weeks_in_verdict"] + 1 if before and is_same else 1,
                "held_over_states": ",".join(d for d, (_, is_held_over) in found.items() if is_held_over),
            }
        )
    frame = pd.DataFrame(rows)
    return frame.assign(confirmed_verdict=confirmed(frame["verdict"].tolist(), table))
