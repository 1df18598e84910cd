"""The commands and their options.

Belongs here: what a user can type, and the help that says so.
Does not: what a command does (one file each); those are imported when called, so that `regime --help` and
`regime sql` start at once.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from regime.errors import BAD_INPUT, INTERRUPTED, in_one_line, leave, say

app = typer.Typer(
    name="regime",
    help=(
        "The weekly crypto market regime, from venues' data to a published page. "
        "Data lies in REGIME_HOME (default: var/ of the checkout); a home belongs to one source."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Replay = Annotated[
    Path | None,
    typer.Option("--replay", metavar="DIR", help="Replay real data: a directory of tables as market_data has them."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="Ask the real services. Was never tried where this was written: see make test-live."),
]


@app.command()
def run(
    week: Annotated[str | None, typer.Option(help="Like 2025-W47; the last closed week if not given.")] = None,
    replay: Replay = None,
    live: Live = False,
) -> None:
    """Fetch what is new, build and test the warehouse, publish the week."""
    with in_one_line():
        from regime.run import run_range

        run_range(week, week, replay_dir=replay, is_live=live)


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", metavar="WEEK", help="The first week, like 2025-W40.")],
    last: Annotated[str, typer.Option("--to", metavar="WEEK", help="The last week, like 2025-W47.")],
    replay: Replay = None,
    live: Live = False,
) -> None:
    """Publish a range of weeks, in a single run."""
    with in_one_line():
        from regime.run import run_range

        run_range(first, last, replay_dir=replay, is_live=live)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='Like "select * from marts.sector_returns_weekly order by rank".')],
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
) -> None:
    """Ask the published warehouse. Never waits for a run, and cannot write."""
    with in_one_line():
        from regime.sql import ask

        ask(query, format)


@app.command()
def status() -> None:
    """What this home holds: source, publication, weeks, coverage, last run, what stands against publishing."""
    with in_one_line():
        from regime.status import show

        show()


@app.command()
def ui(
    replay: Replay = None,
    live: Live = False,
    port: Annotated[int, typer.Option(help="The port of Dagster's page on this machine.")] = 3000,
) -> None:
    """Dagster's page, on the same home and source as the command line."""
    with in_one_line():
        from regime.ui import serve

        serve(replay_dir=replay, is_live=live, port=port)


def main() -> None:
    """The entry point that the package installs."""
    arguments = sys.argv[1:] or ["--help"]
    try:
        code = app(arguments, standalone_mode=False) or 0
    except typer.TyperException as error:  # a command or option that does not exist, a value that is missing
        say(f"{getattr(error, 'message', error)} See: {_help_of(arguments)}")
        code = BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    sys.exit(leave(code))


def _help_of(arguments: Sequence[str]) -> str:
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    return " ".join(["regime", *(name for name in arguments[:1] if name in names), "--help"])


if __name__ == "__main__":
    main()
