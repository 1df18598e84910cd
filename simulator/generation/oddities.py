"""What is unusual in the market, on purpose: coin-margined contracts, renamed instruments, a silent venue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.generation.assets import Asset, Listing, read_toml
from simulator.generation.calibration import WEEK_HOURS
from simulator.generation.leverage import OBSERVATION_HOURS, Funding, OpenInterest
from simulator.generation.prices import MINIMUM_HOURS, PriceModel


@dataclass(frozen=True)
class Rename:
    """One instrument, listed under its new symbol: what it was called before `at`."""

    venue: str
    market_type: str
    asset_id: str
    old_base: str
    at: datetime

    def concerns(self, listing: Listing) -> bool:
        """True of the instrument under its new symbol."""
        return (self.venue, self.market_type, self.asset_id) == (
            listing.venue, listing.market_type, listing.asset_id,
        ) and not listing.is_inverse  # fmt: skip

    def old(self, listing: Listing) -> Listing:
        """The instrument as it was listed."""
        symbol = listing.venue_symbol.replace(listing.base, self.old_base)
        return replace(listing, base=self.old_base, venue_symbol=symbol, ended_at=self.at)


@dataclass(frozen=True)
class Outage:
    """A venue that has no row of [first_at, ends_at)."""

    venue: str
    first_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Oddities:
    """All that is odd in a market. `contracts_usd` is about what each of the `inverse` contracts holds open."""

    inverse: tuple[Listing, ...] = ()
    contracts_usd: tuple[float, ...] = ()
    renames: tuple[Rename, ...] = ()
    outages: tuple[Outage, ...] = ()

    def named(self, listings: Sequence[Listing]) -> tuple[Listing, ...]:
        """The usual listings under all the names that they have had, and the inverse ones, sorted by key."""
        found = [*listings, *self.inverse]
        for rename in self.renames:
            position = next(i for i, x in enumerate(found) if rename.concerns(x))
            found += [rename.old(found[position])]
            found[position] = replace(found[position], began_at=rename.at)
        return tuple(sorted(found, key=lambda x: x.key))

    def without_price(
        self, listings: Sequence[Listing], assets: Sequence[Asset], starts_at: datetime, points: int
    ) -> NDArray[np.bool_]:
        """By hour (named by its end) and asset, where its reference instrument of that week does not trade.

        Each Monday takes the first of spot before perp, larger before smaller, that traded 90 % of the week before;
        where there is none, the week has no price. None of the assets concerned is new or dies.
        """
        found = np.zeros((points, len(assets)), dtype=bool)
        for column, asset in enumerate(assets):
            own = [x for x in self.named(listings) if x.asset_id == asset.asset_id]
            own.sort(key=lambda x: (x.market_type != "spot", -x.share_of_turnover))
            trades = [self._trades(x, starts_at, points) for x in own]
            if all(hours.all() for hours in trades):
                continue
            chosen = next(hours for hours in trades if hours[0])
            for monday in range(0, points, WEEK_HOURS):
                week = slice(monday + 1, monday + WEEK_HOURS + 1)
                if monday:
                    before = slice(monday - WEEK_HOURS + 1, monday + 1)
                    enough = [hours for hours in trades if hours[before].sum() >= MINIMUM_HOURS]
                    chosen = enough[0] if enough else np.zeros(points, dtype=bool)
                found[week, column] = ~chosen[week]
        return found

    def _trades(self, listing: Listing, starts_at: datetime, points: int) -> NDArray[np.bool_]:
        """By hour (named by its end), whether the instrument has a candle, whatever becomes of its asset."""
        opens_at = np.datetime64(starts_at) + np.arange(-1, points - 1) * np.timedelta64(1, "h")
        trades = np.ones(points, dtype=bool)
        if listing.began_at:
            trades &= opens_at >= np.datetime64(listing.began_at)
        if listing.ended_at:
            trades &= opens_at < np.datetime64(listing.ended_at)
        for outage in self.outages:
            if outage.venue == listing.venue:
                trades &= (opens_at < np.datetime64(outage.first_at)) | (opens_at >= np.datetime64(outage.ends_at))
        return trades

    def in_funding(self, funding: Funding, listings: Sequence[Listing], model: PriceModel) -> Funding:
        """The settlements of (*usual, *inverse) under the names of the time, without those of a silent venue."""
        before, named = (*listings, *self.inverse), self.named(listings)
        place = {x.key: i for i, x in enumerate(named)}
        instrument = np.array([place[x.key] for x in before])[funding.instrument]
        for rename in self.renames:
            position, old = self._places(rename, named)
            is_old = (instrument == position) & (funding.hour <= model.hour_of(rename.at))
            instrument = np.where(is_old, old, instrument)
        keep = np.ones(len(instrument), dtype=bool)
        venues = np.array([x.venue for x in named])[instrument]
        for outage in self.outages:
            keep &= ~((venues == outage.venue) & _is_inside(funding.hour, outage, model))
        return Funding(instrument[keep], funding.hour[keep], funding.interval_hours[keep], funding.rate[keep])

    def in_open_interest(
        self, usual: OpenInterest, inverse: OpenInterest | None, listings: Sequence[Listing], model: PriceModel
    ) -> OpenInterest:
        """Open interest under the names of the time, inverse contracts too, and nothing of a silent venue."""
        parts = [usual, inverse] if inverse else [usual]
        known = {x.key: (part, i) for part in parts for i, x in enumerate(part.listings)}
        named = tuple(x for x in self.named(listings) if x.market_type == "perp")
        old = {self._old_key(r, listings): self._new_key(r, listings) for r in self.renames}
        hours = np.arange(usual.coins.shape[0]) * OBSERVATION_HOURS
        columns = []
        for x in named:
            part, i = known[old.get(x.key, x.key)]
            is_there = np.ones(len(hours), dtype=bool)
            if x.began_at:
                is_there &= hours >= model.hour_of(x.began_at)
            if x.ended_at:
                is_there &= hours < model.hour_of(x.ended_at)
            for outage in self.outages:
                if outage.venue == x.venue:
                    is_there &= ~_is_inside(hours, outage, model)
            columns.append([np.where(is_there, of[:, i], np.nan) for of in (part.coins, part.usd)])
        coins, usd = (np.column_stack([pair[n] for pair in columns]) for n in (0, 1))
        return OpenInterest(named, coins, usd)

    def in_candles(
        self, usual: pd.DataFrame, inverse: pd.DataFrame | None, listings: Sequence[Listing]
    ) -> pd.DataFrame:
        """The candles of both under the names of the time, without those of a silent venue, sorted by key."""
        parts = [usual] if inverse is None else [usual, inverse]
        for rename in self.renames:
            venue, market_type, symbol = self._new_key(rename, listings)
            is_old = _is(usual, "venue", venue) & _is(usual, "market_type", market_type)
            is_old &= _is(usual, "venue_symbol", symbol) & (usual["open_time"] < rename.at).to_numpy()
            old = self._old_key(rename, listings)[2]
            parts.append(usual[is_old].assign(venue_symbol=pd.Categorical([old] * int(is_old.sum()))))
            parts[0] = usual = usual[~is_old]
        for outage in self.outages:
            inside = [p["open_time"].between(outage.first_at, outage.ends_at, inclusive="left") for p in parts]
            parts = [p[~(_is(p, "venue", outage.venue) & i.to_numpy())] for p, i in zip(parts, inside, strict=True)]
        return _placed(parts, ["venue", "market_type", "venue_symbol", "open_time"])

    def _places(self, rename: Rename, named: Sequence[Listing]) -> tuple[int, int]:
        """Where the new and the old name are among the named."""
        both = [i for i, x in enumerate(named) if rename.concerns(x)]
        return next(i for i in both if not named[i].ended_at), next(i for i in both if named[i].ended_at)

    def _new_key(self, rename: Rename, listings: Sequence[Listing]) -> tuple[str, str, str]:
        return next(x.key for x in listings if rename.concerns(x))

    def _old_key(self, rename: Rename, listings: Sequence[Listing]) -> tuple[str, str, str]:
        return next(rename.old(x).key for x in listings if rename.concerns(x))


def read_oddities(market: str, assets: Sequence[Asset]) -> Oddities:
    """What is odd in `market`: nothing in any but the full one."""
    if market != "full":
        return Oddities()
    file = read_toml("oddities.toml")
    block, by_id = file["inverse"], {a.asset_id: a for a in assets}
    return Oddities(
        inverse=tuple(_inverse(block, row, by_id[row["asset_id"]]) for row in block["contracts"]),
        contracts_usd=tuple(row["open_interest_usd"] for row in block["contracts"]),
        renames=tuple(Rename(**row) for row in file["renames"]),
        outages=tuple(Outage(row["venue"], row["from"], row["to"]) for row in file["outages"]),
    )


def _inverse(block: dict[str, Any], row: dict[str, Any], asset: Asset) -> Listing:
    return Listing(
        venue=block["venue"],
        market_type="perp",
        venue_symbol=block["symbol_form"].format(base=asset.symbol, quote=block["quote"]),
        base=asset.symbol,
        quote=block["quote"],
        asset_id=asset.asset_id,
        multiplier=1.0,
        share_of_turnover=row["share_of_turnover"],
        is_inverse=True,
    )


def _is_inside(hours: NDArray[np.int64], outage: Outage, model: PriceModel) -> NDArray[np.bool_]:
    return (hours >= model.hour_of(outage.first_at)) & (hours < model.hour_of(outage.ends_at))


def _is(frame: pd.DataFrame, column: str, value: str) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (frame[column] == value).to_numpy()
    return mask


def _placed(parts: Sequence[pd.DataFrame], key: Sequence[str]) -> pd.DataFrame:
    """The rows of several tables in one, sorted by key; names stay categories."""
    columns = {
        name: pd.api.types.union_categoricals([p[name] for p in parts], sort_categories=True)
        if isinstance(parts[0][name].dtype, pd.CategoricalDtype)
        else np.concatenate([p[name].to_numpy() for p in parts])
        for name in parts[0]
    }
    frame = pd.DataFrame(columns)
    sortable = [frame[k].cat.codes if isinstance(frame[k].dtype, pd.CategoricalDtype) else frame[k] for k in key]
    return frame.iloc[np.lexsort(sortable[::-1])].reset_index(drop=True)
