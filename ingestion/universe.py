"""What is asked of whom: `universe.toml`, read and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ingestion.archives import ARCHIVES
from ingestion.references import PROVIDERS
from ingestion.references.provider import ReferenceScope
from ingestion.venues import VENUES

UNIVERSE_FILE = Path(__file__).with_name("universe.toml")


class UniverseError(ValueError):
    """universe.toml says something that cannot be done; the message says where and what to do."""


@dataclass(frozen=True)
class VenueScope:
    """What is asked of one venue. `bases` narrows a market type to some bases; without an entry all are asked."""

    market_types: tuple[str, ...]
    is_required: bool
    bases: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def includes(self, market_type: str, base: str) -> bool:
        """True if instruments of this base are asked for in this market type."""
        return market_type in self.market_types and (market_type not in self.bases or base in self.bases[market_type])


@dataclass(frozen=True)
class ArchiveScope:
    """What is asked of one archive: its files, so often."""

    calls_per_minute: float


@dataclass(frozen=True)
class Universe:
    """Everything that is asked. `only_bases` narrows a dataset to some bases, at all venues.

    Of instruments in none of `asset_classes`, and of those that trade before their coin does, the list is all that is
    kept: nothing is asked about them.
    """

    quotes: frozenset[str]
    venues: Mapping[str, VenueScope]
    references: Mapping[str, ReferenceScope]
    reread: Mapping[str, timedelta]
    only_bases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asset_classes: frozenset[str] = frozenset({"crypto"})
    archives: Mapping[str, ArchiveScope] = field(default_factory=dict)

    def asks(self, dataset: str, instrument: Mapping[str, Any]) -> bool:
        """True if a dataset is asked for of an instrument (a row of raw.instruments)."""
        base = instrument["base"]
        is_wanted = dataset not in self.only_bases or base in self.only_bases[dataset]
        counts = (instrument["asset_class"] or "crypto") in self.asset_classes and not instrument["is_premarket"]
        return is_wanted and counts and self.venues[instrument["venue"]].includes(instrument["market_type"], base)

    @classmethod
    def read(cls, path: Path = UNIVERSE_FILE) -> "Universe":
        """The universe in a file; UniverseError if it names what does not exist or lacks what must be there."""
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            quotes = frozenset(content["instruments"]["quotes"])
            asset_classes = frozenset(content["instruments"]["asset_classes"])
            reread = {name.removesuffix("_hours"): timedelta(hours=hours) for name, hours in content["reread"].items()}
            only_bases = {name: frozenset(bases) for name, bases in content.get("only_bases", {}).items()}
            venues = {name: _venue_scope(block) for name, block in content["venues"].items()}
            references = {
                name: ReferenceScope(block.get("required", False), block)
                for name, block in content.get("references", {}).items()
            }
            archives = {
                name: ArchiveScope(float(block["calls_per_minute"]))
                for name, block in content.get("archives", {}).items()
            }
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise UniverseError(
                f"{path} cannot be used ({error!r}); compare it with the file in the repository"
            ) from error
        for name, scope in venues.items():
            if name not in VENUES:
                raise UniverseError(f"{path} names venue {name!r}, which has no file in ingestion/venues/")
            served = {market.market_type for market in VENUES[name].markets}
            if unknown := set(scope.market_types) - served:
                raise UniverseError(f"{path}: venue {name} has no market type {sorted(unknown)}, only {sorted(served)}")
        if unknown := set(references) - set(PROVIDERS):
            raise UniverseError(
                f"{path} names providers {sorted(unknown)}, which have no file in ingestion/references/"
            )
        if unknown := set(archives) - set(ARCHIVES):
            raise UniverseError(f"{path} names archives {sorted(unknown)}, which have no file in ingestion/archives/")
        return cls(quotes, venues, references, reread, only_bases, asset_classes, archives)


def _venue_scope(block: Mapping[str, Any]) -> VenueScope:
    bases = {market_type: frozenset(names) for market_type, names in block.get("bases", {}).items()}
    return VenueScope(tuple(block["market_types"]), bool(block.get("required", False)), bases)
