"""The exchanges: one small file each, which declares how this exchange differs, over one ccxt client.

A new venue is its file, found by its `VENUE`, and its block in `universe.toml`.
"""

from importlib import import_module
from pkgutil import iter_modules

from ingestion.venues.venue import Venue

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.name != "client"]
VENUES: dict[str, Venue] = {module.VENUE.name: module.VENUE for module in _MODULES if hasattr(module, "VENUE")}
