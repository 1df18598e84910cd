"""What the tests of the market server share."""

from pathlib import Path

import pytest

from tests.unit.simulator.recording import write_recording


@pytest.fixture
def small_recording(tmp_path: Path) -> Path:
    """A directory of recorded tables that a replay can read."""
    directory = tmp_path / "recording"
    directory.mkdir()
    return write_recording(directory)
