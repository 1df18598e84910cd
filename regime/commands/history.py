"""`regime backfill --history`: a longer history, with its plan first."""

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingestion.history import HistoryPlan, deepen, plan_of
from ingestion.session import Session, hold
from ingestion.sources.choice import check_is_held, choose
from ingestion.sources.depth import beginning, parse_length, with_depth
from ingestion.sources.opening import open_source
from regime.commands import run as runs
from regime.errors import BadInput
from regime.progress import Steps
from warehouse.home import Home
from warehouse.week import Week


def deepen_home(
    length: str, *, is_plan_only: bool, replay_dir: Path | None, is_live: bool, wait_seconds: float = 0.0
) -> None:
    """Show what a longer history takes; then ask for it, the newest part first, and publish the last closed week."""
    how_long = parse_length(length)
    home = Home.at()
    choice = choose(home, replay_dir=replay_dir, is_live=is_live)
    check_is_held(home, choice)
    if not home.staging.exists():
        raise BadInput(f"{home.path} holds nothing yet: `regime run` first")
    with ExitStack() as stack:
        steps = stack.enter_context(Steps())
        steps.start("source")
        source = with_depth(home, stack.enter_context(open_source(choice)))
        steps.finish("source", f"{choice.words}, now {source.now:%Y-%m-%d %H:%M} UTC")
        patience = max(runs.LOCK_WAIT_SECONDS, wait_seconds)
        stack.enter_context(hold(home, choice, source, wait_seconds=patience, progress=steps))
        target = max(beginning(source.now, how_long), source.earliest or source.starts_at)
        target = min(target, source.starts_at)  # a history never becomes shorter
        session = Session(home, source, steps)
        steps.start("plan")
        plan = plan_of(session, target)
        steps.finish("plan", f"a history from {target:%Y-%m-%d} on, {plan.requests:,} requests")
        _show(plan)
        if is_plan_only:
            return
        from expectations.runner import judge_at

        session = deepen(session, target, judge_at(source.now))
        weeks = [Week.last_closed(source.now)]
        runs.publish(steps, session, weeks)
    runs.summarise(home, choice, weeks)


def _show(plan: HistoryPlan) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("origin", "questions", "requests", "minutes", "rows", "files", "download MB"):
        table.add_column(name, justify="left" if name == "origin" else "right", no_wrap=True)
    for cost in plan.origins:
        figures = (cost.questions, cost.requests, cost.minutes, cost.rows, cost.files, cost.megabytes)
        table.add_row(cost.origin, *(f"{figure:,.0f}" for figure in figures))
    console = Console()
    console.print(table)
    console.print(
        f"a history from {plan.starts_at:%Y-%m-%d} on: {plan.requests:,} requests, about {_time(plan.minutes)} by the "
        f"limits of the real services, {plan.disk_mb:,.0f} MB on disk",
        soft_wrap=True,
        highlight=False,
    )


def _time(minutes: float) -> str:
    return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.1f} hours"
