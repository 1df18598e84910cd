"""What a run that Dagster starts holds: of the whole line, everyone asked for as long as `regime run` would ask."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from dagster import (
    AssetKey,
    AssetSpec,
    DagsterRun,
    DailyPartitionsDefinition,
    Definitions,
    ResourceParam,
    define_asset_job,
    in_process_executor,
    multi_asset,
)

from ingestion import history
from ingestion.session import Session
from orchestration import resources
from orchestration.materialisations import range_tags
from orchestration.resources import asked_in_time
from warehouse.home import Home
from warehouse.source import Source
from warehouse.week import Week

NOW = datetime(2025, 11, 25, 6, tzinfo=UTC)
WEEK = Week.parse("2025-W46")
RAW, MART = AssetKey(["raw", "candles"]), AssetKey(["marts", "regime_weekly"])


@pytest.fixture
def asked(monkeypatch):
    """Every question for a first page: of which week, for how many seconds; nobody is really asked."""
    found = []

    def ask_first(session, week, judge, seconds):
        found.append((week, seconds))
        return replace(session, is_asked=True)

    monkeypatch.setattr(history, "ask_first", ask_first)
    return found


def session(home: Home, kind: str = "live") -> Session:
    source = Source.live(NOW) if kind == "live" else Source("simulated", "http://127.0.0.1:1", NOW, NOW)
    return Session(home, source)


def run_of(selection=None, **tags: str) -> DagsterRun:
    return DagsterRun(job_name="weekly_regime", tags=tags, asset_selection=selection)


@pytest.mark.parametrize(
    ("run", "week"),
    [
        (run_of(**{"dagster/partition": "2025-11-10"}), WEEK),
        (run_of(**range_tags([WEEK.previous, WEEK])), WEEK),
        (run_of(frozenset({RAW, MART}), **{"dagster/partition": "2025-11-10"}), WEEK),
        (run_of(), None),
    ],
)
def test_a_live_run_of_the_whole_line_asks_as_long_as_the_command_line_does(home, asked, run, week):
    assert asked_in_time(session(home), run).is_asked
    last_closed = Week.last_closed(session(home).source.now)
    assert asked == [(week or last_closed, 60 * history.FIRST_MINUTES)]


@pytest.mark.parametrize("selection", [frozenset({RAW}), frozenset({MART})])
def test_a_run_of_single_assets_asks_by_itself(home, asked, selection):
    assert not asked_in_time(session(home), run_of(selection)).is_asked and asked == []


def test_a_source_on_this_machine_has_no_such_time(home, asked):
    assert not asked_in_time(session(home, "simulated"), run_of()).is_asked and asked == []


def test_the_command_line_goes_the_same_way(home, asked):
    for minutes, seconds in ((None, 60 * history.FIRST_MINUTES), (2.0, 120.0)):
        assert history.ask_in_time(session(home), WEEK, None, minutes).is_asked
        assert asked.pop() == (WEEK, seconds)


def test_it_is_asked_once_however_many_steps_a_run_has(home, asked, monkeypatch):
    """The resource itself, in a job of three steps."""
    from contextlib import contextmanager

    @contextmanager
    def opened(home, choice, *, wait_seconds):
        yield session(home)

    monkeypatch.setattr(resources, "open_session", opened)
    monkeypatch.setattr(resources, "choose", lambda home: None)
    monkeypatch.setattr(Home, "at", classmethod(lambda cls, path=None: home))
    seen: list[bool] = []

    def step(name, deps=()):
        @multi_asset(specs=[AssetSpec(AssetKey(["raw", name]), deps=deps)], name=name, partitions_def=PARTITIONS)
        def one(session: ResourceParam[Session]) -> None:
            seen.append(session.is_asked)

        return one

    assets = [step("a"), step("b", [AssetKey(["raw", "a"])]), step("c", [AssetKey(["raw", "b"])])]
    job = define_asset_job("line", partitions_def=PARTITIONS)
    definitions = Definitions(
        assets, jobs=[job], resources={"session": resources.session_of_home}, executor=in_process_executor
    )
    assert definitions.resolve_job_def("line").execute_in_process(partition_key="2025-11-10").success
    assert seen == [True] * 3
    assert asked == [(WEEK, 60 * history.FIRST_MINUTES)]


PARTITIONS = DailyPartitionsDefinition("2025-11-01")
