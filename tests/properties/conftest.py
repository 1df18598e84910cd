"""A database for single models."""

from collections.abc import Iterator

import pytest

from tests.properties.bench import Bench


@pytest.fixture
def bench(models) -> Iterator[Bench]:
    bench = Bench(models)
    yield bench
    bench.close()
