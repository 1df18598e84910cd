"""Providers of reference data: market caps, macro series, prices of other asset classes; one small file each.

A new provider is its file, found by its `PROVIDER`, and its block in `universe.toml`.
"""

from importlib import import_module
from pkgutil import iter_modules

from ingestion.references.provider import Provider

_MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
PROVIDERS: dict[str, Provider] = {
    module.PROVIDER.name: module.PROVIDER for module in _MODULES if hasattr(module, "PROVIDER")
}
