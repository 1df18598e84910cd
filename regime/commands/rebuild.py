"""`regime rebuild`: the whole warehouse anew, from what has landed."""

from ingestion.planning.endpoints import endpoints
from regime.commands.run import LOCK_WAIT_SECONDS, run_range
from regime.errors import BadInput
from regime.progress import Steps
from warehouse.clock import remembered_clock
from warehouse.home import Home
from warehouse.recovery.cleanup import sweep
from warehouse.recovery.rebuild import rebuild
from warehouse.recovery.upkeep import locked

STEP = "rebuild"


def rebuild_home(*, is_published: bool, wait_seconds: float) -> None:
    """Make staging anew from landing, then publish or say what will."""
    home = Home.at()
    if home.identity() is None:
        raise BadInput(f"nothing has landed in {home.path}; run `regime run` first")
    with Steps() as steps, locked(home, wait_seconds=max(LOCK_WAIT_SECONDS, wait_seconds), progress=steps):
        steps.start(STEP)
        sweep(home)
        clock = remembered_clock(home)
        made = rebuild(home, clock=clock, endpoints=endpoints())
        home.mark_migrated()
        told = f"{made.batches} batches, {made.rows:,} rows"
        if made.quarantined_rows:
            told += f", {made.quarantined_rows:,} in quarantine"
        steps.finish(STEP, told)
    if not made.is_complete:
        print(f"the old file knew batches that landing has not, and is kept: {home.path / str(made.aside)}")
    if is_published:
        run_range(None, None, replay_dir=None, is_live=False, wait_seconds=wait_seconds)
    else:
        print("made anew; readers see what they saw, and the next `regime run` builds the models and publishes")
