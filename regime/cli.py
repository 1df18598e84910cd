"""The commands and their options."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from regime.errors import BAD_INPUT, INTERRUPTED, in_one_line, leave, say
from regime.output import replace_what_is_lacking

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
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for another run in this home to end."),
]


@app.command()
def run(
    week: Annotated[str | None, typer.Option(help="Like 2025-W47; the last closed week if not given.")] = None,
    replay: Replay = None,
    live: Live = False,
    history: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="A new home's history, like 20w; 13w of the real services, else all."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Ask for so long, what the week needs first, then publish; 14 if live, else no end."),
    ] = None,
    wait: Wait = 0,
) -> None:
    """Fetch what is new, build and test the warehouse, publish the week."""
    with in_one_line():
        from regime.commands.run import run_range

        run_range(week, week, replay_dir=replay, is_live=live, wait_seconds=wait, history=history, minutes=minutes)


@app.command()
def backfill(
    first: Annotated[str | None, typer.Option("--from", metavar="WEEK", help="The first week, like 2025-W40.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="WEEK", help="The last week, like 2025-W47.")] = None,
    gaps: Annotated[bool, typer.Option("--gaps", help="Ask for every open gap, publish the weeks it fills.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Ask again for a symbol's week, closed gap or not.")] = False,
    venue: Annotated[str | None, typer.Option(help="With --force: the venue, like binance.")] = None,
    symbol: Annotated[str | None, typer.Option(help="With --force: the symbol as the venue writes it.")] = None,
    week: Annotated[str | None, typer.Option(help="With --force: the week, like 2025-W47.")] = None,
    dataset: Annotated[str | None, typer.Option(help="With --force: one dataset only, like candles.")] = None,
    history: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Make the home's history so long, like 20w or 3y; the plan comes first."),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", "--dry-run", help="With --history: show the plan and stop.")] = False,
    replay: Replay = None,
    live: Live = False,
    wait: Wait = 0,
) -> None:
    """Publish a range of weeks in a single run; make the history longer; or fill gaps, and publish what gained rows."""
    with in_one_line():
        from regime.commands.backfill import Asked, backfill_asked, check_alone

        if history is not None or plan:
            from regime.commands.history import deepen_home

            check_alone(history, first, last, gaps, force, venue, symbol, week, dataset)
            deepen_home(str(history), is_plan_only=plan, replay_dir=replay, is_live=live, wait_seconds=wait)
            return
        asked = Asked(first, last, gaps, force, venue, symbol, week, dataset)
        backfill_asked(asked, replay_dir=replay, is_live=live, wait_seconds=wait)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='Like "select * from marts.sector_returns_weekly order by rank".')],
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Stop a query that takes longer.")] = 300.0,
) -> None:
    """Ask the published warehouse. Never waits for a run, and cannot write."""
    with in_one_line():
        from regime.commands.sql import ask

        ask(query, format, timeout_s=timeout)


@app.command()
def status() -> None:
    """What this home holds: source, publication, weeks, coverage, last run, what stands against publishing."""
    with in_one_line():
        from regime.commands.status import show

        show()


@app.command()
def doctor(
    live: Annotated[bool, typer.Option("--live", help="Ask the real services, whatever the home holds.")] = False,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Ask every endpoint one small question: reach, country, clock, shape, limits. Exit code 1 if anything is amiss."""
    with in_one_line():
        from regime.commands.doctor import examine_source

        raise typer.Exit(examine_source(format, is_live=live))


@app.command()
def report(
    week: Annotated[str, typer.Option(help="Like 2025-W47.")],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="2025-11-24T07:00 (UTC), a date, or publication:3; now if not given."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the page goes.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="The note on two pages of paper too.")] = False,
    wait: Wait = 0,
) -> None:
    """Write a week's page as it was known at a moment. Publishes nothing."""
    with in_one_line():
        from regime.commands.report import show_week

        show_week(week, as_of, out, with_pdf=pdf, wait_seconds=wait)


@app.command()
def diff(
    week: Annotated[str, typer.Option(help="Like 2025-W47.")],
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
    wait: Wait = 0,
) -> None:
    """What was learned of a week since it was published, and which figures and sentences would be others now."""
    with in_one_line():
        from regime.commands.diff import show_differences

        show_differences(week, format, wait_seconds=wait)


@app.command()
def explain(
    week: Annotated[str, typer.Argument(help="Like 2025-W47.")],
    sentence: Annotated[
        str | None, typer.Argument(help="Like note-open-interest; every sentence is listed if not given.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or ja.")] = "en",
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
    all_files: Annotated[bool, typer.Option("--all", help="Show every landed file, not the largest alone.")] = False,
) -> None:
    """What a published sentence rests on: marts' rows, the SQL, the raw rows' files and their hashes."""
    with in_one_line():
        from regime.commands.explain import explain as explain_sentence

        explain_sentence(week, sentence, language, format, is_all=all_files)


@app.command()
def check(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="Markdown, text or a saved web page; - for stdin.")],
    week: Annotated[
        str | None, typer.Option(help="Like 2025-W47; the week that the note's date says if not given, else the last.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="en or ja, of the answer; the note's own if not given.")] = None,
    format: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Hold any weekly market note against the published marts. Exit code 1 if the data contradict a claim."""
    with in_one_line():
        from regime.commands.check import check as check_note

        raise typer.Exit(check_note(note, week, language, format))


quarantine = typer.Typer(help="What guards stopped and checks refuse, and why; and letting go what is held wrongly.")
app.add_typer(quarantine, name="quarantine")
Dataset = Annotated[str | None, typer.Option(help="Only this dataset, like candles.")]
Format = Annotated[str, typer.Option(help="table, csv or json.")]
Venue = Annotated[str | None, typer.Option("--venue", "--origin", help="Only this venue or provider.")]


@quarantine.command("list")
def quarantine_list(format: Format = "table") -> None:
    """The rules that hold rows, of whom, how many, and from when to when."""
    with in_one_line():
        from regime.commands.quarantine import list_rules

        list_rules(format)


@quarantine.command("show")
def quarantine_show(
    rule: str,
    dataset: Dataset = None,
    venue: Venue = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 20,
    format: Format = "table",
) -> None:
    """The rows that a rule stopped: why, from which landed file and row, since when, and who released them."""
    with in_one_line():
        from regime.commands.quarantine import show

        show(rule, dataset, venue, limit, format)


@quarantine.command("release")
def quarantine_release(
    rule: str,
    dataset: Dataset = None,
    venue: Venue = None,
    symbol: Annotated[str | None, typer.Option(help="Of a check: only this symbol, as the venue writes it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Of a check: why these rows count. It is kept.")] = None,
    wait: Wait = 0,
) -> None:
    """Let go what a rule holds. A guard's batches are judged again, by the rule as it is now; a check's rows count."""
    with in_one_line():
        from regime.commands.quarantine import release

        release(rule, dataset, venue=venue, symbol=symbol, reason=reason, wait_seconds=wait)


@app.command()
def rollback(
    to: Annotated[int | None, typer.Option(metavar="N", help="The version; the one before if not given.")] = None,
    list_kept: Annotated[bool, typer.Option("--list", help="Show what is kept, and change nothing.")] = False,
    wait: Wait = 0,
) -> None:
    """Let readers see an earlier publication again. The next run publishes a new one."""
    with in_one_line():
        from regime.commands.rollback import list_versions, roll_back_to

        list_versions() if list_kept else roll_back_to(to, wait_seconds=wait)


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(metavar="SHA256", help="A hash that was noted earlier: it must still be in the chain.")
    ] = None,
) -> None:
    """Check that no published page or verdict was edited. Exit code 0: none was; 3: one was, and which."""
    with in_one_line():
        from regime.commands.verify import verify as check

        check(head)


@app.command()
def rebuild(
    publish: Annotated[bool, typer.Option("--publish", help="Then build and publish, as `regime run` does.")] = False,
    wait: Wait = 0,
) -> None:
    """Make the whole warehouse anew from what has landed, asking nobody."""
    with in_one_line():
        from regime.commands.rebuild import rebuild_home

        rebuild_home(is_published=publish, wait_seconds=wait)


@app.command()
def ui(
    replay: Replay = None,
    live: Live = False,
    port: Annotated[int, typer.Option(help="The port of Dagster's page on this machine.")] = 3000,
) -> None:
    """Dagster's page, on the same home and source as the command line."""
    with in_one_line():
        from regime.commands.ui import serve

        serve(replay_dir=replay, is_live=live, port=port)


dev = typer.Typer(
    help="For those who change the code: checks before a run, recorded answers, comparisons of two homes."
)
app.add_typer(dev, name="dev")


@dev.command("check")
def dev_check(
    quick: Annotated[bool, typer.Option("--quick", help="Files alone: leave out planning each model.")] = False,
) -> None:
    """Find what is wrong with a change in seconds, before any run: which file, which row, what to do."""
    with in_one_line():
        from regime.dev.check import check

        check(is_binding=not quick)


@dev.command("read")
def dev_read(
    answer: Annotated[
        Path, typer.Argument(metavar="ANSWER.toml", help="A recorded answer; its body stands beside it.")
    ],
) -> None:
    """Show what the adapter that asks an endpoint makes of an answer, as JSON. Exit code 2: no adapter asks it."""
    with in_one_line():
        from regime.dev.read import show

        raise typer.Exit(show(answer))


@dev.command("compare")
def dev_compare(
    old: Annotated[Path, typer.Argument(metavar="OLD_HOME")],
    new: Annotated[Path, typer.Argument(metavar="NEW_HOME")],
    metric_ids: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Renamed metrics: mart,old_metric_id,new_metric_id.")
    ] = None,
) -> None:
    """Compare what two homes publish: every mart by key and value, every page. Exit code 1 if anything differs."""
    with in_one_line():
        from regime.dev.compare import compare_homes

        compare_homes(old, new, metric_ids=metric_ids)


def main() -> None:
    """The entry point that the package installs."""
    replace_what_is_lacking()
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
    names |= {group.name for group in app.registered_groups if group.name}
    return " ".join(["regime", *(name for name in arguments[:1] if name in names), "--help"])


if __name__ == "__main__":
    main()
