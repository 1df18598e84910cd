"""The factor model: one hourly price path per asset, with sample moments that are known exactly.

A week's hourly returns are `drift + sd × z`, where z has mean 0 and variance 1 in the sample itself, and is made of
orthonormal columns: BTC's own path, a market factor correlated with it, one factor a sector, a weekend step, and one
column an asset. Correlations in the sample therefore equal those of the loadings, without sampling error: they are
the truth that a measurement over the same 168 hours must find.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.generation.assets import Asset
from simulator.generation.calibration import BUCKET_NAMES, BUCKETS, HOUR, WEEK_HOURS, WINTER_CLOSE_HOURS, Calibration

Array = NDArray[np.float64]
HOURS_A_YEAR = 8760
MINIMUM_HOURS = 0.9 * WEEK_HOURS
INDEX_SIZE = 30
INDEX_CAP = 0.25
_OUTSIDE = -1


@dataclass(frozen=True)
class WeekTruth:
    """What the model put into one whole week (Monday to Monday). Arrays are by free asset; rank 0 is not eligible."""

    start_hour: int
    rank: NDArray[np.int64]
    log_return: Array
    correlation: Array
    average_correlation: dict[str, float]


@dataclass
class PriceModel:
    """Prices by hour (rows: hours since the start, the last one unfinished) and supplies by day, of every asset."""

    assets: tuple[Asset, ...]
    starts_at: datetime
    now: datetime
    prices: Array
    supplies: Array
    first_hour: NDArray[np.int64]
    last_hour: NDArray[np.int64]
    # Hours (rows, named by their end) of a traded asset that have no reference price all the same.
    without_price: NDArray[np.bool_]
    weeks: list[WeekTruth] = field(default_factory=list)

    @property
    def hours(self) -> int:
        """Whole hours of history: the price at this row is the one at now."""
        return int((self.now - self.starts_at) / HOUR)

    def column(self, asset_id: str) -> int:
        """The column of an asset."""
        return [a.asset_id for a in self.assets].index(asset_id)

    def hour_of(self, at: datetime) -> int:
        """Hours from the start to `at`."""
        return int((at - self.starts_at) / HOUR)

    def caps_at(self, hour: int) -> Array:
        """Market caps at an hour, from the day's supply; 0 before an asset is listed."""
        caps = self.prices[hour] * self.supplies[hour // 24]
        return np.where(self.first_hour <= hour, caps, 0.0)

    def is_eligible_at(self, hour: int) -> NDArray[np.bool_]:
        """Traded, free, priced at the hour, and with 90 % of the 168 hours before it.

        A newly listed asset has a reference price from the first Monday that 90 % of a week lies before, and its hours
        count from there.
        """
        is_free = np.array([a.is_free and not a.provider_only for a in self.assets])
        monday = np.ceil((self.first_hour + MINIMUM_HOURS) / WEEK_HOURS).astype(int) * WEEK_HOURS
        referenced = np.where(self.first_hour > 0, monday, self.first_hour)
        seen = np.minimum(self.last_hour, hour) - np.maximum(referenced, hour - WEEK_HOURS)
        seen = seen - self.without_price[max(hour - WEEK_HOURS + 1, 0) : hour + 1].sum(axis=0)
        return is_free & (seen >= MINIMUM_HOURS) & (self.last_hour >= hour) & ~self.without_price[hour]

    def last_priced_hour(self, column: int, hour: int) -> int:
        """The last hour not after `hour` at which an asset has a reference price."""
        hour = min(hour, int(self.last_hour[column]))
        while self.without_price[hour, column]:
            hour -= 1
        return hour

    def ranks_at(self, hour: int) -> NDArray[np.int64]:
        """Ranks 1…n of the eligible by market cap; 0 for the others."""
        eligible = np.flatnonzero(self.is_eligible_at(hour))
        order = eligible[np.argsort(-self.caps_at(hour)[eligible], kind="stable")]
        ranks = np.zeros(len(self.assets), dtype=np.int64)
        ranks[order] = np.arange(1, len(order) + 1)
        return ranks


def capped_weights(caps: Array, limit: float = INDEX_CAP) -> Array:
    """Cap weights, none above `limit`: the excess spreads over the rest in proportion until none exceeds."""
    weights = caps / caps.sum()
    is_capped = np.zeros(len(caps), dtype=bool)
    while (weights > limit + 1e-12).any() and not is_capped.all():
        is_capped |= weights > limit + 1e-12
        rest = caps * ~is_capped
        weights = np.where(is_capped, limit, rest / rest.sum() * (1 - limit * is_capped.sum()))
    return weights


def bucket_of(ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index into BUCKETS of each rank; ranks above 100 and the unranked are outside."""
    buckets = np.full(len(ranks), _OUTSIDE)
    for index, name in enumerate(BUCKETS):
        low, high = (int(x) for x in name.split("-"))
        buckets[(ranks >= low) & (ranks <= high)] = index
    return buckets


def last_rebalance_hour(model: PriceModel, hour: int) -> int:
    """The last hour not after `hour` at which the index was rebalanced: the month's last Friday, 10:00 UTC."""
    day = (model.starts_at + hour * HOUR).date()
    while True:
        moment = datetime(day.year, day.month, day.day, 10)
        if day.weekday() == 4 and (day + timedelta(days=7)).month != day.month and model.hour_of(moment) <= hour:
            return model.hour_of(moment)
        day -= timedelta(days=1)


def index_weights_at(model: PriceModel, hour: int) -> Array:
    """Weights of the capped index of the 30 largest at `hour`: set at the last rebalance, drifted since."""
    rebalanced = last_rebalance_hour(model, hour)
    ranks = model.ranks_at(rebalanced)
    caps = np.where((ranks >= 1) & (ranks <= INDEX_SIZE), model.caps_at(rebalanced), 0.0)
    weights: Array = capped_weights(caps) * model.prices[hour] / model.prices[rebalanced]
    return weights / weights.sum()


def make_prices(
    market: str,
    assets: Sequence[Asset],
    starts_at: datetime,
    cal: Calibration,
    seed: int,
    without_price: NDArray[np.bool_],
) -> PriceModel:
    """All prices and supplies of a market; `without_price` is by its points and assets."""
    return _Maker(market, tuple(assets), starts_at, cal, seed, without_price).make()


def points_of(starts_at: datetime, cal: Calibration) -> int:
    """How many rows the prices have: one for the start, one for each whole hour, and the unfinished one's."""
    return int((cal.now - starts_at) / HOUR) + 2


class _Maker:
    """One generation: weekly returns backwards from the anchor week, then hours forwards."""

    def __init__(
        self,
        market: str,
        assets: tuple[Asset, ...],
        starts_at: datetime,
        cal: Calibration,
        seed: int,
        without_price: NDArray[np.bool_],
    ):
        self.is_full = market == "full"
        self.assets = assets
        self.cal = cal
        self.rng = np.random.default_rng([seed, 1])
        self.free = np.array([i for i, a in enumerate(assets) if a.is_free])
        self.btc = next(i for i, a in enumerate(assets) if a.asset_id == "bitcoin")
        self.sectors = sorted({a.sector for a in assets if a.sector})
        self.sector_of = np.array([self.sectors.index(a.sector) if a.sector else -1 for a in assets])
        hours = int((cal.now - starts_at) / HOUR)
        self.mondays = [d for d in cal.weeks.index if d >= starts_at.date()]
        self.anchor = self.mondays.index(cal.anchor_week)
        count = len(assets)
        self.model = PriceModel(
            assets=assets,
            starts_at=starts_at,
            now=cal.now,
            prices=np.ones((points_of(starts_at, cal), count)),
            supplies=np.ones((hours // 24 + 1, count)),
            first_hour=np.array([self._hour(a.listed_at, starts_at, 0) for a in assets]),
            last_hour=np.array([self._hour(a.delisted_at, starts_at, hours + 1) for a in assets]),
            without_price=without_price,
        )
        # Lasting traits of each asset: how it loads on the market, how volatile it is.
        self.loading_tilt = 1 + 0.06 * np.clip(self.rng.standard_normal(count), -2, 2)
        self.loading_tilt[self.btc] = 1.02
        self.volatility_tilt = np.exp(0.12 * self.rng.standard_normal(count))

    @staticmethod
    def _hour(at: datetime | None, starts_at: datetime, default: int) -> int:
        return default if at is None else max(0, int((at - starts_at) / HOUR))

    def make(self) -> PriceModel:
        self._fill_supplies()
        self._fill_others()
        returns = self._weekly_log_returns()
        for week in range(len(self.mondays) - 1):
            if week == self.anchor and self.is_full:
                self._meet_index(returns[week], week * WEEK_HOURS)
            self._fill_week(week, returns[week])
        self._fill_unfinished_week()
        for i, a in enumerate(self.assets):
            if a.underlying:
                self.model.prices[:, i] = self.model.prices[:, self.model.column(a.underlying)] * a.ratio
        return self.model

    def _fill_supplies(self) -> None:
        days = np.arange(self.model.supplies.shape[0]) - self.anchor * 7
        span = (self.cal.anchor_at - self.cal.starts_at).days
        growth = np.log1p(self.cal.factors["supply_growth_pct_a_year"] / 100) / 365
        stable_growth = np.log1p(self.cal.factors["stablecoin_growth_pct"] / 100) / span
        for i, a in enumerate(self.assets):
            rate = stable_growth if a.kind == "stablecoin" else 0.0 if a.kind else growth
            # Bitcoin's issue is known: about 450 coins a day.
            rate = 450 / a.supply if a.asset_id == "bitcoin" else rate
            self.model.supplies[:, i] = a.supply * np.exp(rate * days)

    def _fill_others(self) -> None:
        """Prices that the factor model does not move: stablecoins and tokenised assets."""
        hours = len(self.model.prices)
        for i, a in enumerate(self.assets):
            if a.kind == "stablecoin":
                self.model.prices[:, i] = 1 + 2e-4 * np.clip(self.rng.standard_normal(hours), -3, 3)
            elif a.kind == "tokenised":
                steps = 0.0016 * self.rng.standard_normal((hours,))
                self.model.prices[:, i] = a.price_usd * np.exp(np.cumsum(steps) - steps.sum())

    def _weekly_log_returns(self) -> Array:
        """Log returns by week and asset; sets the prices at the first hour. Anchor week's index is met later."""
        factors, weeks = self.cal.factors, len(self.mondays) - 1
        count = len(self.assets)
        btc = np.log(self.cal.weeks.btc_usd.to_numpy(dtype=float)[-len(self.mondays) :])
        sector_returns = factors["sector_weekly_sd_pct"] / 100 * self.rng.standard_normal((weeks, len(self.sectors)))
        own = factors["idiosyncratic_weekly_sd_pct"] / 100 * self.rng.standard_normal((weeks, count))
        own[self.anchor] *= factors["anchor_idiosyncratic_sd_pct"] / factors["idiosyncratic_weekly_sd_pct"]
        natural = np.array([a.price_usd * a.supply for a in self.assets])
        own *= np.where(natural > 5e9, 0.5, 1.0)
        returns = sector_returns[:, self.sector_of] + own
        returns[:, [i for i, a in enumerate(self.assets) if a.underlying]] = 0.0
        returns[:, self.btc] = np.diff(btc)

        caps = np.array([natural[i] for i in range(count)])
        caps[self.btc] = self.cal.weeks.btc_usd[self.cal.anchor_week] * self.assets[self.btc].supply
        moving = self.free[self.free != self.btc]
        if self.is_full:
            caps[moving] *= self._alts_target(self.anchor) / self._alts_total(caps, moving)
        caps_at_anchor = caps.copy()
        for week in range(self.anchor - 1, -1, -1):
            issued = self.model.supplies[week * 7 + 7] / self.model.supplies[week * 7]
            caps_before = caps * np.exp(-returns[week]) / issued
            is_listed = self.model.first_hour[moving] <= week * WEEK_HOURS
            if self.is_full:
                common = np.log(self._alts_total(caps_before, moving[is_listed]) / self._alts_target(week))
            else:
                common = 1.15 * returns[week, self.btc]
            returns[week, moving] += common
            caps = caps_before
            caps[moving] *= np.exp(-common)
        first = caps / self.model.supplies[0]
        self.model.prices[0, self.free] = first[self.free]
        self._meet_sectors(returns[self.anchor], caps_at_anchor)
        return returns

    def _alts_total(self, caps: Array, moving: NDArray[np.int64]) -> float:
        """Caps of the given assets and of what is wrapped around them."""
        total = float(caps[moving].sum())
        for i, a in enumerate(self.assets):
            if a.underlying and a.underlying != "bitcoin":
                under = self.model.column(a.underlying)
                total += caps[under] / self.assets[under].supply * a.ratio * self.assets[i].supply
        return total

    def _alts_target(self, week: int) -> float:
        """The total market cap of a Monday without BTC, its wrappers, stablecoins and tokenised assets."""
        row = self.cal.weeks.loc[self.mondays[week]]
        supplies = self.model.supplies[week * 7]
        total = float(row.total_cap_tn) * 1e12
        for i, a in enumerate(self.assets):
            if i == self.btc or a.underlying == "bitcoin":
                total -= row.btc_usd * a.ratio * supplies[i]
            elif not a.is_free and not a.underlying:
                total -= self.model.prices[week * WEEK_HOURS, i] * supplies[i]
        return float(total)

    def _meet_sectors(self, log_returns: Array, caps: Array) -> None:
        """Shift the anchor week's returns so that each sector's cap-weighted return is its target."""
        targets = self.cal.anchor_returns_pct["sectors"]
        is_member = self.model.is_eligible_at(self.anchor * WEEK_HOURS)
        for index, sector in enumerate(self.sectors):
            members = np.flatnonzero((self.sector_of == index) & is_member)
            others = members[members != self.btc]
            if not len(others):
                continue
            wanted = (1 + targets[sector] / 100) * caps[members].sum()
            wanted -= (caps * np.exp(log_returns))[members[members == self.btc]].sum()
            shift = np.log(wanted / (caps * np.exp(log_returns))[others].sum())
            rest = np.flatnonzero((self.sector_of == index) & ~is_member)
            log_returns[np.concatenate([others, rest])] += shift

    def _meet_index(self, log_returns: Array, hour: int) -> None:
        """Shift the balancing sectors' returns so that the capped index returns its target."""
        weights = index_weights_at(self.model, hour)
        names = [self.sectors.index(s) for s in self.cal.anchor_returns_pct["balancing_sectors"]]
        balancing = np.isin(self.sector_of, names)
        grown = weights * np.exp(log_returns)
        wanted = 1 + self.cal.anchor_returns_pct["top30"] / 100
        log_returns[balancing] += np.log((wanted - grown[~balancing].sum()) / grown[balancing].sum())

    def _fill_week(self, week: int, log_returns: Array) -> None:
        start = week * WEEK_HOURS
        monday = self.mondays[week]
        ranks = self.model.ranks_at(start) if week else np.zeros(len(self.assets), dtype=np.int64)
        buckets = bucket_of(ranks)
        beta, step = self._loadings(monday, buckets, week)
        btc = self._btc_hours(week, log_returns[self.btc])

        noise = self.rng.standard_t(5, size=(WEEK_HOURS, 1 + len(self.sectors) + len(self.free)))
        hours = np.arange(1, WEEK_HOURS + 1)
        weekend = np.where(hours <= WINTER_CLOSE_HOURS, 1.0, -WINTER_CLOSE_HOURS / (WEEK_HOURS - WINTER_CLOSE_HOURS))
        raw = np.column_stack([np.ones(WEEK_HOURS), btc, weekend, noise * _day_shape(start)[:, None]])
        q, r = np.linalg.qr(raw)
        columns = (q * np.sign(np.diag(r)))[:, 1:] * np.sqrt(WEEK_HOURS)
        own_from = 3 + len(self.sectors)

        load = np.zeros((len(self.assets), columns.shape[1]))
        gamma = self.cal.factors["sector_loading"]
        load[:, 0] = beta * beta[self.btc]
        load[:, 1] = step
        load[:, 2] = beta * np.sqrt(1 - beta[self.btc] ** 2)
        has_sector = self.sector_of >= 0
        load[has_sector, 3 + self.sector_of[has_sector]] = gamma
        own = np.sqrt(1 - (load[self.free] ** 2).sum(axis=1))
        load[self.free, own_from + np.arange(len(self.free))] = own
        load[self.btc] = 0.0
        load[self.btc, 0] = 1.0

        sd = float(btc.std()) * self._volatility_ratio(buckets)
        returns = log_returns / WEEK_HOURS + sd * (columns @ load.T)
        returns[:, self.btc] = btc
        self.model.prices[start + 1 : start + WEEK_HOURS + 1, self.free] = self.model.prices[start, self.free] * np.exp(
            np.cumsum(returns[:, self.free], axis=0)
        )
        correlation = load @ load.T
        self.model.weeks.append(
            WeekTruth(start, ranks, log_returns, correlation, self._averages(correlation, buckets, start))
        )

    def _is_whole(self, start: int) -> NDArray[np.bool_]:
        has_hole = self.model.without_price[start + 1 : start + WEEK_HOURS + 1].any(axis=0)
        return (self.model.first_hour <= start) & (self.model.last_hour >= start + WEEK_HOURS) & ~has_hole

    def _averages(self, correlation: Array, buckets: NDArray[np.int64], start: int) -> dict[str, float]:
        found = {}
        for index, name in enumerate(BUCKETS):
            members = np.flatnonzero((buckets == index) & self._is_whole(start))
            if len(members) >= 2:
                block = correlation[np.ix_(members, members)]
                found[name] = float(block[np.triu_indices(len(members), 1)].mean())
        return found

    def _loadings(self, monday: date, buckets: NDArray[np.int64], week: int) -> tuple[Array, Array]:
        """Market and weekend loadings, scaled so that each bucket's average correlation is its target."""
        row = self.cal.weeks.loc[monday]
        steps = self.cal.weekend_loading.get(monday, {})
        step = np.array([steps.get(BUCKET_NAMES[b], 0.0) for b in buckets])
        step[self.btc] = 0.0
        gamma_squared = self.cal.factors["sector_loading"] ** 2
        whole = self._is_whole(week * WEEK_HOURS)
        limit = np.sqrt(0.97 - gamma_squared - step**2)
        beta = np.sqrt(row.corr_tail) * self.loading_tilt
        for index, name in enumerate(BUCKET_NAMES):
            members = np.flatnonzero((buckets == index) & whole)
            if len(members) < 2:
                beta[buckets == index] = np.sqrt(row[f"corr_{name}"])
                continue
            first, second = np.triu_indices(len(members), 1)
            i, j = members[first], members[second]
            is_same = (self.sector_of[i] == self.sector_of[j]) & (i != self.btc) & (j != self.btc)
            given = (gamma_squared * is_same + step[i] * step[j]).mean()
            inside = buckets == index
            beta[inside] = self.loading_tilt[inside]
            # A few rounds: the limit on a single loading moves the mean a little.
            for _ in range(20):
                mean = (beta[i] * beta[j]).mean()
                beta[inside] = np.minimum(beta[inside] * np.sqrt((row[f"corr_{name}"] - given) / mean), limit[inside])
        return np.minimum(beta, limit), step

    def _volatility_ratio(self, buckets: NDArray[np.int64]) -> Array:
        ratios = self.cal.factors["volatility_ratio"]
        by_bucket = np.array([ratios["top"], ratios["mid"], ratios["tail"], ratios["tail"]])
        return by_bucket[buckets] * self.volatility_tilt

    def _btc_hours(self, week: int, log_return: float) -> Array:
        """BTC's hourly log returns: days as calibrated, shocks as named, the rest noise of the wanted size."""
        monday = self.mondays[week]
        wanted = (self.cal.weeks.btc_volatility_pct[monday] / 100) ** 2 * WEEK_HOURS / HOURS_A_YEAR
        days = self.rng.standard_normal(7) * np.sqrt(wanted / 7) * 0.75
        days += (log_return - days.sum()) / 7
        if monday in self.cal.btc_daily_log_return_pct:
            days[:6] = np.array(self.cal.btc_daily_log_return_pct[monday]) / 100
            days[6] = log_return - days[:6].sum()
        hours = np.arange(week * WEEK_HOURS, (week + 1) * WEEK_HOURS)
        shocks = np.zeros(WEEK_HOURS)
        for at, size in self.cal.btc_shocks.items():
            shocks[hours == self.model.hour_of(at) - 1] = size
        base = shocks + np.repeat((days - shocks.reshape(7, 24).sum(axis=1)) / 24, 24)
        noise = (self.rng.standard_t(5, size=WEEK_HOURS) * _day_shape(week * WEEK_HOURS)).reshape(7, 24)
        quiet = (shocks == 0).reshape(7, 24)
        mean = (noise * quiet).sum(axis=1, keepdims=True) / quiet.sum(axis=1, keepdims=True)
        noise = np.where(quiet, noise - mean, 0)
        room = max(wanted - float((base**2).sum()), 0.3 * wanted)
        found: Array = base + noise.ravel() * np.sqrt(room / (noise**2).sum())
        return found

    def _fill_unfinished_week(self) -> None:
        """The hours after the last Monday, the unfinished one included."""
        week = len(self.mondays) - 1
        start = week * WEEK_HOURS
        hours = self.model.prices.shape[0] - 1 - start
        row = self.cal.weeks.loc[self.mondays[week]]
        buckets = bucket_of(self.model.ranks_at(start))
        beta, _ = self._loadings(self.mondays[week], buckets, week)
        sd = row.btc_volatility_pct / 100 / np.sqrt(HOURS_A_YEAR) * self._volatility_ratio(buckets)
        sd[self.btc] = row.btc_volatility_pct / 100 / np.sqrt(HOURS_A_YEAR)
        market = self.rng.standard_normal((hours, 1))
        own = self.rng.standard_normal((hours, len(self.assets)))
        returns = sd * (beta * market + np.sqrt(1 - beta**2) * own)
        self.model.prices[start + 1 :, self.free] = self.model.prices[start, self.free] * np.exp(
            np.cumsum(returns[:, self.free], axis=0)
        )


def _day_shape(start_hour: int) -> Array:
    """How lively each hour of a week is: US hours most, weekends least."""
    hours = np.arange(start_hour, start_hour + WEEK_HOURS)
    of_day = 1 + 0.35 * np.exp(-(((hours % 24) - 15) ** 2) / 18)
    of_week = np.where(hours % WEEK_HOURS >= 120, 0.75, 1.05)
    shape: Array = of_day * of_week
    return shape
