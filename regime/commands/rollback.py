"""`regime rollback`: which published versions are kept, and letting readers see one of them again."""

from regime.commands.run import LOCK_WAIT_SECONDS
from regime.errors import BadInput
from regime.progress import Steps
from warehouse.home import Home
from warehouse.publishing.history import RolledBack, current_number, history, size_bytes, version_before, versions
from warehouse.publishing.rollback import roll_back
from warehouse.recovery.upkeep import locked
from warehouse.week import Week


def roll_back_to(to: int | None, *, wait_seconds: float) -> None:
    """Go to version `to`, or to what readers saw before."""
    home = _published_home()
    with Steps() as steps, locked(home, wait_seconds=max(LOCK_WAIT_SECONDS, wait_seconds), progress=steps):
        before = current_number(home)
        row = roll_back(home, to)
    weeks = Week(row.first_week).label
    if row.last_week != row.first_week:
        weeks += f" to {Week(row.last_week)}"
    print(
        f"readers now see publication {row.publication_id} of {row.published_at:%Y-%m-%d %H:%M:%S} UTC, weeks {weeks} "
        f"(before: {before}); back with `regime rollback --to {before}`, and the next run publishes a new one"
    )


def list_versions() -> None:
    """Print a line for each version that is kept, and each rollback that the history tells of."""
    home = _published_home()
    told, kept = history(home), set(versions(home))
    now, before = current_number(home), version_before(home)
    words = {before: "what readers saw before", now: "what readers see"}
    for event in told.events:
        if isinstance(event, RolledBack):
            when = f"{event.rolled_back_at:%Y-%m-%d %H:%M:%S}"
            print(f"      {when}  rolled back from {event.from_publication_id} to {event.publication_id}")
        elif event.publication_id in kept:
            size_mb = size_bytes(home.published / str(event.publication_id)) / 1e6
            weeks = f"{Week(event.first_week)} to {Week(event.last_week)}"
            line = f"{event.publication_id:>5} {event.published_at:%Y-%m-%d %H:%M:%S}  {weeks}  {size_mb:>7,.1f} MB  "
            print((line + words.get(event.publication_id, "")).rstrip())


def _published_home() -> Home:
    home = Home.at()
    if home.identity() is None or not versions(home):
        raise BadInput(f"nothing is published in {home.path}; run `regime run` first")
    return home
