"""What is published about the market and around it: market caps, categories, macro series, yields, asset classes."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from simulator.generation.assets import Asset, read_toml
from simulator.generation.calibration import Calibration
from simulator.generation.prices import Array, PriceModel
from simulator.generation.trading import daily_turnover_usd, repeated_names, week_factors

_TRADING_DAYS_A_YEAR = 252


@cache
def _file() -> dict[str, Any]:
    return read_toml("references.toml")


def categories(assets: Iterable[Asset]) -> dict[str, tuple[str, ...]]:
    """The provider's categories of each asset."""
    names = _file()["categories"]
    return {a.asset_id: tuple(names.get(a.kind or a.sector or "", ())) for a in assets}


def make_market_caps(model: PriceModel, cal: Calibration, seed: int) -> pd.DataFrame:
    """A row per coin and day at 00:00 UTC without a rank, and the ranked list at now."""
    rng = np.random.default_rng([seed, 6])
    days = np.arange(model.supplies.shape[0])
    hours = np.append(days * 24, model.hours)
    supplies = model.supplies[np.append(days, days[-1])]
    prices = model.prices[hours]
    lively = week_factors(model, cal, "spot_turnover")[np.minimum(hours, model.hours - 1)][:, None]
    volumes = daily_turnover_usd(model, model.hour_of(cal.anchor_at)) * lively
    volumes = volumes * np.exp(0.2 * rng.standard_normal(prices.shape))
    is_known = hours[:, None] >= model.first_hour
    moments, coins = np.nonzero(is_known)
    is_list = moments == len(hours) - 1
    caps = prices * supplies
    rank = np.full(len(moments), -1)
    rank[is_list] = (-caps[-1][coins[is_list]]).argsort().argsort() + 1
    start = np.datetime64(model.starts_at, "us")
    frame = pd.DataFrame(
        {
            "provider": pd.Categorical(["coingecko"] * len(moments)),
            "observed_at": start + hours[moments] * np.timedelta64(3600 * 10**6, "us"),
            "rank": pd.Series(np.where(rank > 0, rank, 0), dtype="Int64").where(pd.Series(rank > 0)),
            "asset_id": repeated_names(coins, [a.asset_id for a in model.assets]),
            "symbol": repeated_names(coins, [a.symbol for a in model.assets]),
            "name": repeated_names(coins, [a.name for a in model.assets]),
            "price_usd": prices[moments, coins],
            "circulating_supply": supplies[moments, coins],
            "market_cap_usd": caps[moments, coins],
            "volume_24h_usd": np.round(volumes[moments, coins], 2),
        }
    )
    return frame.sort_values(["provider", "observed_at", "rank", "asset_id"], ignore_index=True)


def _days(first: date, last: date, holidays: Iterable[date] = ()) -> list[date]:
    """Weekdays from first to last, without the holidays."""
    closed = set(holidays)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [d for d in days if d.weekday() < 5 and d not in closed]


def _last_day(cal: Calibration) -> date:
    return (cal.now - timedelta(days=1)).date()


def _between(anchors: list[list[Any]], days: list[date]) -> Array:
    at = [a[0].toordinal() for a in anchors]
    return np.interp([d.toordinal() for d in days], at, [float(a[1]) for a in anchors])


def _asset_class_path(row: list[Any], days: list[date], rng: np.random.Generator) -> Array:
    """Closes of one class: a random walk whose weekly returns at the end are given."""
    _, end, drift, volatility, returns, _, _ = row
    steps = np.zeros(len(days))
    steps[1:] = drift / 100 / _TRADING_DAYS_A_YEAR
    steps[1:] += volatility / 100 / np.sqrt(_TRADING_DAYS_A_YEAR) * rng.standard_normal(len(days) - 1)
    for friday, wanted in zip(_file()["asset_classes"]["weeks_ending"], returns, strict=True):
        inside = np.array([friday - timedelta(days=7) < d <= friday for d in days])
        steps[inside] = 0.6 * steps[inside]
        steps[inside] += (np.log1p(wanted / 100) - steps[inside].sum()) / inside.sum()
    path: Array = end * np.exp(np.cumsum(steps) - steps.sum())
    return path


def make_asset_class_prices(cal: Calibration, seed: int) -> pd.DataFrame:
    """Daily closes on US trading days."""
    block = _file()["asset_classes"]
    days = _days(block["starts_on"], _last_day(cal), _file()["us_holidays"])
    rng = np.random.default_rng([seed, 7])
    parts = [(row[0], days, np.round(_asset_class_path(row, days, rng), 3)) for row in block["rows"]]
    future = _file()["december_future"]
    future_days = [d for d in days if d >= future["anchors"][0][0]]
    parts.append((future["series"], future_days, np.round(_between(future["anchors"], future_days), 3)))
    frame = pd.concat(
        pd.DataFrame({"provider": "yahoo", "series": s, "close_date": pd.to_datetime(d), "close": v})
        for s, d, v in parts
    )
    frame["close_date"] = frame["close_date"].astype("datetime64[us]")
    return frame.sort_values(["provider", "series", "close_date"], ignore_index=True)


def make_macro_series(cal: Calibration, asset_classes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """FRED's and the Japanese Ministry of Finance's series, each value with the moment of its release."""
    rng = np.random.default_rng([seed, 8])
    parts = [
        *_followers(asset_classes), *_fred_daily(cal, rng), *_fred_monthly(), *_fred_weekly(cal, rng), *_jgb(cal, rng),
    ]  # fmt: skip
    frame = pd.DataFrame(
        [(p, s, d, v, r) for p, s, rows in parts for d, v, r in rows],
        columns=["provider", "series", "reference_date", "value", "released_at"],
    )
    frame["reference_date"] = pd.to_datetime(frame["reference_date"]).astype("datetime64[us]")
    frame["released_at"] = pd.to_datetime(frame["released_at"]).astype("datetime64[us]")
    frame = frame[(frame["released_at"] <= pd.Timestamp(cal.now)).to_numpy()]
    return frame.sort_values(["provider", "series", "reference_date"], ignore_index=True)


Part = tuple[str, str, list[tuple[date, float | None, datetime]]]


def _release(day: date, lag: str) -> datetime:
    midnight = datetime(day.year, day.month, day.day)
    if lag == "next day":
        return midnight + timedelta(days=1, hours=12)
    if lag == "same week":
        return midnight + timedelta(days=3, hours=16)
    return midnight + timedelta(days=7 - day.weekday(), hours=20, minutes=15)


def _with_holidays(series: str, days: list[date], values: Array, lag: str) -> Part:
    """A daily series of FRED: a row for each weekday, empty on holidays."""
    known = dict(zip(days, values.tolist(), strict=True))
    return ("fred", series, [(d, known.get(d), _release(d, lag)) for d in _days(days[0], days[-1])])


def _followers(closes: pd.DataFrame) -> Iterable[Part]:
    """Series of FRED that follow an asset class."""
    lags = _file()["fred_daily"]["lags"]
    for row in _file()["asset_classes"]["rows"]:
        series, fred, multiple = row[0], row[5], row[6]
        if fred:
            own = closes[(closes["series"] == series).to_numpy()]
            days = [t.date() for t in own["close_date"]]
            yield _with_holidays(fred, days, np.round(own["close"].to_numpy() * multiple, 4), lags[fred])


def _noisy(anchors: list[list[Any]], days: list[date], noise: float, rng: np.random.Generator) -> Array:
    """Straight lines between anchors with noise that vanishes at them; without any, nothing is drawn."""
    if not noise:
        return _between(anchors, days)
    ordinals = np.array([d.toordinal() for d in days])
    distance = np.min([np.abs(ordinals - a[0].toordinal()) for a in anchors], axis=0)
    return _between(anchors, days) + noise * np.minimum(distance / 5, 1) * rng.standard_normal(len(days))


def _fred_daily(cal: Calibration, rng: np.random.Generator) -> Iterable[Part]:
    made: dict[str, Array] = {}
    days: list[date] = []
    for series, noise, decimals, lag, anchors in _file()["fred_daily"]["rows"]:
        days = _days(anchors[0][0], _last_day(cal), _file()["us_holidays"])
        made[series] = np.round(_noisy(anchors, days, noise, rng), decimals)
        yield _with_holidays(series, days, made[series], lag)
    for series, plus, minus in _file()["fred_daily"]["spreads"]:
        yield _with_holidays(series, days, np.round(made[plus] - made[minus], 2), "next day")


def _months(first: date, last: date, step: int) -> list[date]:
    count = (last.year - first.year) * 12 + last.month - first.month
    start = first.year * 12 + first.month - 1
    return [date((start + n) // 12, (start + n) % 12 + 1, 1) for n in range(0, count + 1, step)]


def _fred_monthly() -> Iterable[Part]:
    for block in _file()["fred_monthly"]:
        step = block.get("months", 1)
        months = _months(block["anchors"][0][0], block["anchors"][-1][0], step)
        values: list[float | None] = _between(block["anchors"], months).tolist()
        if tail := block.get("tail"):
            months += _months(tail["from"], date(2030, 1, 1), step)[: len(tail["values"])]
            values += tail["values"]
        if changes := block.get("year_on_year_pct"):
            for change in changes["values"]:
                values.append(round(values[-12], block["decimals"]) * (1 + change / 100))  # type: ignore[arg-type]
            months += _months(changes["from"], date(2030, 1, 1), step)[: len(changes["values"])]
        months += block.get("null_months", [])
        values += [None] * len(block.get("null_months", []))
        releases = {date.fromisoformat(k): v for k, v in block.get("releases", {}).items()}
        late = timedelta(days=block["released_after_days"], hours=13, minutes=30)
        yield (
            "fred",
            block["series"],
            [
                (m, _rounded(v, block["decimals"]), releases.get(m, datetime(m.year, m.month, 1) + late))
                for m, v in zip(months, values, strict=True)
            ],
        )


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)


def _fred_weekly(cal: Calibration, rng: np.random.Generator) -> Iterable[Part]:
    for block in _file()["fred_weekly"]:
        days = _days_of_week(block["anchors"][0][0], _last_day(cal), block["weekday"])
        values = np.round(_noisy(block["anchors"], days, block["noise"], rng), block["decimals"])
        late = timedelta(days=block["released_after_days"], hours=13, minutes=30)
        yield (
            "fred",
            block["series"],
            [(d, v, datetime(d.year, d.month, d.day) + late) for d, v in zip(days, values.tolist(), strict=True)],
        )


def _days_of_week(first: date, last: date, weekday: int) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [d for d in days if d.weekday() == weekday]


def _jgb(cal: Calibration, rng: np.random.Generator) -> Iterable[Part]:
    block = _file()["jgb"]
    days = _days(block["anchors"][0][0], _last_day(cal), _file()["japanese_holidays"])
    for tenor in block["published_tenors"]:
        anchors = [[a[0], np.interp(tenor, block["tenors"], a[1])] for a in block["anchors"]]
        values = np.round(_noisy(anchors, days, block["noise"], rng), 3)
        rows = [(d, v, datetime(d.year, d.month, d.day, 8, 30)) for d, v in zip(days, values.tolist(), strict=True)]
        yield ("mof", f"JGB_{tenor}Y", rows)
