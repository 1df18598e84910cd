"""What a run that failed says: nothing was published, or what was."""

import pytest

import orchestration.run
from ingestion.session import Session
from orchestration.run import RunOutcome
from regime.commands.run import publish
from regime.errors import RunFailed
from regime.progress import Steps
from warehouse.publishing.swap import make_current
from warehouse.source import Source
from warehouse.week import Week


@pytest.mark.parametrize(
    "is_swapped, words", [(False, "nothing was published: publication"), (True, "publication 8 is out, but not all")]
)
def test_after_the_swap_nobody_says_that_nothing_was_published(home, monkeypatch, is_swapped, words):
    week = Week.parse("2025-W47")
    home.create()
    make_current(home, 7)

    def run_weeks(session, weeks):
        if is_swapped:
            make_current(session.home, 8)
        return RunOutcome("0123456789", ["publication: a page could not be read back"])

    monkeypatch.setattr(orchestration.run, "run_weeks", run_weeks)
    with pytest.raises(RunFailed) as failed, Steps() as steps:
        publish(steps, Session(home, Source("live", None, week.start, week.end)), [week])
    assert str(failed.value).startswith(words) and ("nothing was published" in str(failed.value)) != is_swapped
