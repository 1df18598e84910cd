"""The models as SQL, compiled once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.incremental.models import Models
from tests.properties.bench import Bench


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Models:
    return Models.compiled(tmp_path_factory.mktemp("models"))


@pytest.fixture
def bench(models) -> Iterator[Bench]:
    bench = Bench(models)
    yield bench
    bench.close()
