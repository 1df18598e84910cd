"""A home's history begun and deepened without the rest of the line, in a process that may be killed as things land."""

import os
import signal
import sys
from datetime import timedelta

import ingestion.ingest
from expectations.runner import judge_at
from ingestion import history
from ingestion.session import Session, hold
from ingestion.sources.choice import Choice
from ingestion.sources.depth import with_depth
from ingestion.sources.opening import open_source
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.week import Week

CHOICE = Choice("simulated", market="tiny")


def main(what: str, argument: str) -> None:
    """`first SECONDS`: a new home of a week, asked for so long; `whole SECONDS`: of all there is.

    `deepen N`: back to the source's beginning, killed when N batches have landed (0: never).
    """
    history.STEP = timedelta(days=8)
    home = Home.at()
    with open_source(CHOICE) as opened:
        source = with_depth(home, opened, timedelta(weeks=1) if what == "first" else None)
        with hold(home, CHOICE, source):
            session, judge = Session(home, source), judge_at(source.now)
            if what != "deepen":
                history.ask_first(session, Week.last_closed(source.now), judge, float(argument))
                history._load(session, source)
            else:
                if int(argument):
                    kill_after(int(argument))
                history.deepen(session, opened.starts_at, judge)


def kill_after(batches: int) -> None:
    """End as `kill -9` does, once so many batches have landed: each answer is one."""
    ingestion.ingest.SECONDS_PER_BATCH = 0.0
    land, landed = Landing.land, []

    def counted(*args: object) -> object:
        done = land(*args)  # type: ignore[arg-type]
        landed.append(done)
        if len(landed) == batches:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    Landing.land = counted  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    main(*sys.argv[1:])
