"""`regime run` and `regime backfill`: one run for a week or a range of weeks, and its summary."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

from rich.console import Console

from ingestion.history import ask_in_time
from ingestion.session import Session, hold
from ingestion.sources.choice import Choice, check_is_held, choose
from ingestion.sources.depth import parse_length, with_depth
from ingestion.sources.opening import open_source
from regime.errors import WARM_UP, RunFailed, stopped_at_once
from regime.ledger import thin_of
from regime.progress import Steps
from regime.weeks import check_closed, parse
from warehouse.home import Home
from warehouse.publishing.history import current_number
from warehouse.week import Week

# Long enough for a `regime status` that is reading; a run holds the lock longer.
LOCK_WAIT_SECONDS = 2.0


def run_range(
    first: str | None,
    last: str | None,
    *,
    replay_dir: Path | None,
    is_live: bool,
    wait_seconds: float = 0.0,
    history: str | None = None,
    minutes: float | None = None,
) -> None:
    """Run the weeks from `first` to `last` (names; None: the last closed one), print the summary of the last.

    A new home gets a `history` so long. After `minutes` nobody is asked any more, and what is left is told.
    """
    length = parse_length(history) if history else None
    asked = (parse(first), parse(last)) if first is not None and last is not None else None
    home = Home.at()
    choice = choose(home, replay_dir=replay_dir, is_live=is_live)
    check_is_held(home, choice)
    Thread(target=_import_what_runs, name=WARM_UP, daemon=True).start()
    with ExitStack() as stack:
        steps = stack.enter_context(Steps())
        steps.start("source")
        source = with_depth(home, stack.enter_context(open_source(choice)), length)
        steps.finish("source", f"{choice.words}, now {source.now:%Y-%m-%d %H:%M} UTC")
        last_closed = Week.last_closed(source.now)
        weeks = check_closed(*(asked or (last_closed, last_closed)), source)
        patience = max(LOCK_WAIT_SECONDS, wait_seconds)
        stack.enter_context(hold(home, choice, source, wait_seconds=patience, progress=steps))
        from expectations.runner import judge_at  # with pandas: what runs is being imported beside

        session = ask_in_time(Session(home, source, steps), weeks[-1], judge_at(source.now), minutes)
        publish(steps, session, weeks)
    summarise(home, choice, weeks)


def _import_what_runs() -> None:
    """Dagster and dbt take seconds to import; the market server takes seconds to start: do both at once."""
    import orchestration.run  # noqa: F401


def publish(steps: Steps, session: Session, weeks: list[Week]) -> None:
    """Run the line for some weeks. RunFailed if it fails; the message says whether readers see a new version."""
    from orchestration.run import log_file, run_weeks

    before = current_number(session.home)
    with ThreadPoolExecutor(1, thread_name_prefix="run") as pool, stopped_at_once(steps.close):
        outcome = pool.submit(run_weeks, session, weeks).result()
    if not outcome.is_success:
        number = current_number(session.home)
        done = "nothing was published" if number == before else f"publication {number} is out, but not all went well"
        raise RunFailed(
            f"{done}: {'; '.join(outcome.failures)} "
            f"(run {outcome.run_id[:8]}, see {log_file(session.home)} or `regime ui`)"
        )


def summarise(home: Home, choice: Choice, weeks: list[Week]) -> None:
    """The last week on the terminal, read from what was published."""
    import duckdb

    from report.terminal import print_week
    from report.week import WeekPages, read_week

    console = Console()
    pages = home.reports / weeks[-1].label
    with duckdb.connect(str(home.warehouse.resolve()), read_only=True) as connection:
        document = read_week(connection, weeks[-1], choice.kind, choice.kind == "simulated")
        thin = list(thin_of(connection))
    written = WeekPages(document, pages / "summary.md", pages / "index.html", pages / "summary.json")
    if len(weeks) > 1:
        console.print(f"{len(weeks)} weeks published: {weeks[0]} to {weeks[-1]}")
    print_week(console, written)
    for line in thin:
        console.print(f"thin: {line}", soft_wrap=True, highlight=False, markup=False)
    if thin:
        console.print("`regime backfill --history 20w` asks for it, and for as much more as you like", highlight=False)
