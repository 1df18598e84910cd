"""What the simulated market must come to, read from calibration.toml into arrays."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import pandas as pd

from simulator.generation.assets import read_toml

HOUR = timedelta(hours=1)
WEEK_HOURS = 168
# Hours from a Monday 00:00 UTC to Friday's US close in winter time.
WINTER_CLOSE_HOURS = 117
BUCKETS = ("1-10", "11-50", "51-100")
BUCKET_NAMES = ("top", "mid", "tail")


@dataclass(frozen=True)
class Calibration:
    """The targets. `weeks` has one row per Monday, the last one for the unfinished week at the clock's now."""

    starts_at: datetime
    now: datetime
    anchor_week: date
    weeks: pd.DataFrame
    btc_daily_log_return_pct: dict[date, list[float]]
    btc_shocks: dict[datetime, float]
    weekend_loading: dict[date, dict[str, float]]
    anchor_returns_pct: dict[str, Any]
    factors: dict[str, Any]
    open_interest: dict[str, Any]
    btc_funding_levels: tuple[dict[str, Any], ...]
    depth: dict[date, dict[str, float]]

    @property
    def anchor_at(self) -> datetime:
        """Monday 00:00 of the week that the market is calibrated to."""
        return datetime.combine(self.anchor_week, time())


@cache
def calibration() -> Calibration:
    """The calibration that ships with the simulator."""
    file = read_toml("calibration.toml")
    weeks = pd.DataFrame(file["weeks"]["rows"], columns=["week_start", *file["weeks"]["columns"]])
    return Calibration(
        starts_at=file["starts_at"],
        now=file["now"],
        anchor_week=file["anchor_week"],
        weeks=weeks.set_index("week_start"),
        btc_daily_log_return_pct={date.fromisoformat(k): v for k, v in file["btc_daily_log_return_pct"].items()},
        btc_shocks={s["at"]: s["log_return_pct"] / 100 for s in file["btc_shocks"]},
        weekend_loading={date.fromisoformat(k): v for k, v in file["weekend_loading"].items()},
        anchor_returns_pct=file["anchor_returns_pct"],
        factors=file["factors"],
        open_interest=file["open_interest"],
        btc_funding_levels=tuple(file["btc_funding_levels"]),
        depth={date.fromisoformat(k): v for k, v in file["depth"].items()},
    )
