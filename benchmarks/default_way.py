"""The same assets, checks and resources as `regime run`, the way Dagster runs them when nobody says otherwise."""

from dagster import Definitions, definitions

from orchestration.definitions import assemble
from warehouse.home import Home


@definitions
def defs() -> Definitions:
    """What `dagster asset materialize -m benchmarks.default_way` loads."""
    return assemble(Home.at(), executor=None)
