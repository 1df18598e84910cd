"""What the tests of the real services need first: a network."""

import pytest

from ingestion.sources.opening import check_network
from warehouse.source import SourceError


def pytest_configure(config: pytest.Config) -> None:
    """Leave in one line where none of the services answers; only `-m live` asks them."""
    if config.option.markexpr != "live":
        return
    try:
        check_network()
    except SourceError as error:
        raise pytest.UsageError(f"the real services cannot be tested here: {error}") from None
