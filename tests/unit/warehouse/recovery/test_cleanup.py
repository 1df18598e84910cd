import os

from tests.pipeline.small_home import published
from warehouse.recovery.cleanup import sweep


def test_what_killed_runs_left_is_swept_and_nothing_else(home):
    published(home.path, 2)
    day = next(home.landing.glob("*/*/*"))
    ours = [
        home.path / ".clock.json.999999999.tmp",
        home.path / ".current.new",
        home.path / ".rebuilding.duckdb",
        home.path / ".rebuilding.duckdb.wal",
        home.published / "2" / ".publications.json.999999999.tmp",
        day / ".101010-ab.parquet.tmp",
        day / ".101010-ab.manifest.json.999999999.tmp",
    ]
    others = [
        home.path / f".clock.json.{os.getpid()}.tmp",  # of a process that lives
        home.path / ".hidden",
        home.path / "notes.tmp",
        day / "101010-ab.parquet",  # rows whose manifest never came
    ]
    before = set(home.path.rglob("*"))
    for path in [*ours, *others]:
        path.write_text("")
    (home.published / ".dropping-1").mkdir()
    (home.path / "staging.duckdb.tmp").mkdir()
    sweep(home)
    assert set(home.path.rglob("*")) == before | set(others)


def test_a_home_that_does_not_exist_yet_is_no_matter(home):
    sweep(home)
