"""What exists in the simulated market: its assets, and which venue lists them under which name."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Asset:
    """One coin. `price_usd` and `supply` are those of the anchor week's start, before calibration."""

    asset_id: str
    symbol: str
    name: str
    supply: float
    price_usd: float = 0.0
    sector: str | None = None
    kind: str = ""
    underlying: str | None = None
    ratio: float = 1.0
    provider_only: bool = False
    listed_at: datetime | None = None
    delisted_at: datetime | None = None

    @property
    def is_free(self) -> bool:
        """True if the asset has a price of its own that the factor model moves."""
        return not self.kind


@dataclass(frozen=True)
class Listing:
    """One instrument of one venue; `multiplier` coins make one unit of it.

    `began_at` and `ended_at` are its own edges, where they are not its asset's.
    """

    venue: str
    market_type: str
    venue_symbol: str
    base: str
    quote: str
    asset_id: str
    multiplier: float
    share_of_turnover: float
    is_inverse: bool = False
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Venue, market type and symbol."""
        return (self.venue, self.market_type, self.venue_symbol)


@dataclass(frozen=True)
class FundingRules:
    """How often perpetuals settle, and how late the stamps are."""

    interval_hours: dict[str, int]
    four_hourly_from_rank: int
    switches: tuple[tuple[str, str, datetime, int], ...]
    jitter_ms: dict[str, int]


def read_toml(name: str) -> dict[str, Any]:
    """One of the data files that lie beside this module."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def _listings_file() -> dict[str, Any]:
    return read_toml("listings.toml")


def assets(market: str) -> tuple[Asset, ...]:
    """The assets of `market` ("full" or "tiny")."""
    everything = tuple(Asset(asset_id=i, **row) for i, row in read_toml("assets.toml")["assets"].items())
    if market == "full":
        return everything
    wanted = set(_listings_file()["tiny"]["assets"])
    return tuple(a for a in everything if a.asset_id in wanted)


def starts_at(market: str, full_starts_at: datetime) -> datetime:
    """When the history of `market` begins."""
    if market == "full":
        return full_starts_at
    start: datetime = _listings_file()["tiny"]["starts_at"]
    return start


def listings(market: str, of: Sequence[Asset]) -> tuple[Listing, ...]:
    """Every instrument of `market`, sorted by its key."""
    only = None
    if market == "tiny":
        only = {(m["venue"], m["market_type"]): set(m["assets"]) for m in _listings_file()["tiny"]["markets"]}
    found = []
    for block in _listings_file()["markets"]:
        for asset in of:
            if not _is_listed(block, asset) or (
                only is not None and asset.asset_id not in only.get((block["venue"], block["market_type"]), ())
            ):
                continue
            base = block.get("bases", {}).get(asset.asset_id, asset.symbol)
            found.append(
                Listing(
                    venue=block["venue"],
                    market_type=block["market_type"],
                    venue_symbol=block["symbol_form"].format(base=base, quote=block["quote"]),
                    base=base,
                    quote=block["quote"],
                    asset_id=asset.asset_id,
                    multiplier=1000.0 if base in (f"1000{asset.symbol}", f"k{asset.symbol}") else 1.0,
                    share_of_turnover=block["share_of_turnover"],
                )
            )
    return tuple(sorted(found, key=lambda x: x.key))


def are_on_coins(of: Sequence[Asset], instruments: Iterable[Listing]) -> NDArray[np.bool_]:
    """Whether each instrument is on a coin, and not on gold that was made a token."""
    gold = {asset.asset_id for asset in of if asset.kind == "tokenised"}
    return np.array([x.asset_id not in gold for x in instruments])


def _is_listed(block: dict[str, Any], asset: Asset) -> bool:
    if block["assets"] != "every traded asset":
        return asset.asset_id in block["assets"]
    is_traded = (asset.is_free and not asset.provider_only) or asset.kind == "tokenised"
    return is_traded and asset.asset_id not in block["except"]


def funding_rules() -> FundingRules:
    """How the venues settle funding."""
    block = _listings_file()["funding"]
    return FundingRules(
        interval_hours=block["interval_hours"],
        four_hourly_from_rank=block["four_hourly_from_rank"],
        switches=tuple((s["venue"], s["venue_symbol"], s["at"], s["interval_hours"]) for s in block["switches"]),
        jitter_ms=block["jitter_ms"],
    )
