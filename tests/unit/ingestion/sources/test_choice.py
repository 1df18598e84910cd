"""Which source a run uses, and that a home keeps to its own."""

from pathlib import Path

import pytest

from ingestion.sources.choice import Choice, choose
from warehouse.home import HomeError
from warehouse.source import SourceError


@pytest.fixture
def tables(tmp_path) -> Path:
    directory = tmp_path / "tables"
    directory.mkdir()
    (directory / "candles_1h.parquet").touch()
    return directory


def test_a_new_home_is_simulated(home):
    assert choose(home, environment={}) == Choice("simulated", market="full")


def test_a_home_keeps_its_source(home, tables):
    home.claim("replay", replay_dir=tables)
    assert choose(home, environment={}) == Choice("replay", replay_dir=tables)


def test_options_come_before_the_environment(home, tables):
    assert choose(home, replay_dir=tables, environment={"REGIME_SOURCE": "live"}).kind == "replay"
    assert choose(home, is_live=True, environment={"REGIME_MARKET": "tiny"}).kind == "live"


@pytest.mark.parametrize("choice", [Choice("simulated", market="tiny"), Choice("live")])
def test_another_process_chooses_the_same(home, choice):
    assert choose(home, environment=choice.environment()) == choice


def test_another_process_chooses_the_same_replay(home, tables):
    choice = Choice("replay", replay_dir=tables)
    assert choose(home, environment=choice.environment()) == choice


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"REGIME_SOURCE": "demo"}, "REGIME_SOURCE=demo"),
        ({"REGIME_MARKET": "huge"}, "full or tiny"),
        ({"REGIME_SOURCE": "replay"}, "REGIME_REPLAY_DIR"),
    ],
)
def test_a_wrong_environment_is_named(home, environment, words):
    with pytest.raises(SourceError, match=words):
        choose(home, environment=environment)


def test_another_source_is_refused_and_changes_nothing(home, tables):
    home.claim("simulated", market="tiny")
    before = home.identity()
    with pytest.raises(HomeError, match="holds the simulated tiny market's data, not a replay of"):
        choose(home, replay_dir=tables, environment={})
    assert home.identity() == before


def test_a_replay_is_known_by_its_name_and_by_its_directory(home, tables, tmp_path):
    home.claim("replay", replay_dir=tables)
    tables.rename(tmp_path / "elsewhere")
    with pytest.raises(HomeError, match=f"put a link to them at {tables}"):
        choose(home, replay_dir=tmp_path / "elsewhere", environment={})
    tables.symlink_to("elsewhere")
    for directory in (None, tables, tmp_path / "elsewhere", tmp_path / "home" / ".." / "tables"):
        choice = choose(home, replay_dir=directory, environment={})
        assert choice.replay_dir.samefile(tables) and home.claim("replay", replay_dir=choice.replay_dir)
    assert choose(home, environment={}).replay_dir == tables


def test_a_link_that_points_elsewhere_is_the_same_source(home, tables, tmp_path):
    """Whoever lets a link point to new tables means these: the name was asked for, not what it named that day."""
    link = tmp_path / "newest"
    link.symlink_to(tables)
    home.claim("replay", replay_dir=link)
    later = tmp_path / "later"
    later.mkdir()
    (later / "candles_1h.parquet").touch()
    link.unlink()
    link.symlink_to(later)
    assert choose(home, environment={}).replay_dir == choose(home, replay_dir=link, environment={}).replay_dir == link


def test_a_replay_needs_its_tables(home, tmp_path):
    with pytest.raises(SourceError, match="no directory"):
        choose(home, replay_dir=tmp_path / "nowhere", environment={})
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"candles_1h\.parquet"):
        choose(home, replay_dir=tmp_path / "empty", environment={})
    assert home.identity() is None


def test_one_source_at_a_time(home, tables):
    with pytest.raises(SourceError, match="exclude each other"):
        choose(home, replay_dir=tables, is_live=True, environment={})
