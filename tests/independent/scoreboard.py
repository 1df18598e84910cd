"""What followed each week, who agreed with the rules, and how good a forecast was: from levels by hour and labels."""

import math

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
FALLS = {"risk_off", "deleveraging", "capitulation", "low"}
UNKNOWN = "insufficient_data"


def forward_return(levels: pd.Series, monday: pd.Timestamp, weeks: int) -> float:
    """Return in percent from the week's end over `weeks`, of levels at the ends of hours; NaN until it is over."""
    begins = monday + 7 * DAY
    ends = begins + 7 * weeks * DAY
    if begins not in levels.index or ends not in levels.index:
        return math.nan
    return 100 * (levels[ends] / levels[begins] - 1)


def forward_volatility(levels: pd.Series, monday: pd.Timestamp) -> float:
    """Annualised in percent, of the hourly log returns of the four weeks after the week; NaN until they are over."""
    begins = monday + 7 * DAY
    ends = begins + 28 * DAY
    if math.isnan(forward_return(levels, monday, 4)):
        return math.nan
    squares = []
    for hour in pd.date_range(begins + HOUR, ends, freq="h"):
        if hour in levels.index and hour - HOUR in levels.index:
            squares.append(math.log(levels[hour] / levels[hour - HOUR]) ** 2)
    return 100 * math.sqrt(8760 / len(squares) * sum(squares)) if len(squares) >= 0.9 * 672 else math.nan


def agreement(model: str, label: str, rules: str) -> bool | None:
    """Whether a model's label is the rules', of the jump model whether it is on their side; None where one has none."""
    if UNKNOWN in (label, rules):
        return None
    return (label in FALLS) == (rules in FALLS) if model == "jump_model" else label == rules


def scores(board: pd.DataFrame, column: str) -> dict[str, float]:
    """Of rows of one model (label, probability, agrees_with_rules, and a return in `column`): how it did."""
    rows = board[board["label"] != UNKNOWN]
    is_low = rows["label"].isin(FALLS)
    known = rows[column].notna()
    fell = (rows.loc[known, column] < 0).astype(float)
    said = rows["probability"].astype(float).fillna(is_low.astype(float))[known]
    return {
        "n_weeks": len(rows),
        "n_outcomes": int(known.sum()),
        "forward_return_pct": rows[column].mean(),
        "fell_share": fell.mean(),
        "hit_share": (fell == is_low[known]).mean(),
        "brier_score": ((said - fell) ** 2).mean(),
        "base_rate_brier_score": float(np.mean((fell.mean() - fell) ** 2)) if len(fell) else math.nan,
        "agreement_share": rows["agrees_with_rules"].dropna().astype(float).mean(),
    }
