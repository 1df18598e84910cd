"""`regime report`: a week's page as it was known at a moment, or as it is known now.

Nothing is published, nothing is changed.
"""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ingestion.planning.endpoints import endpoints
from regime.errors import BadInput
from regime.progress import Steps
from regime.weeks import parse
from warehouse.home import Home
from warehouse.week import Week, WeekError

# A run may be about to end; one that has just begun is not waited for.
LOCK_WAIT_SECONDS = 2.0


def show_week(
    week: str, as_of: str | None, out: Path | None, *, with_pdf: bool = False, wait_seconds: float = 0.0
) -> None:
    """Write the page of a week as known at `as_of` (None: now), and print its summary."""
    named = parse(week)
    home = Home.at()
    if home.identity() is None:
        raise BadInput(f"nothing is loaded in {home.path}; run `regime run` first")
    from report.terminal import print_week
    from report.week import write_pdf, write_week
    from warehouse.builds.as_of import AsOfError, known_at, moment

    try:
        asked = moment(as_of, home) if as_of is not None else None
        with (
            Steps() as steps,
            known_at(
                home, asked, named, endpoints(), wait_seconds=max(LOCK_WAIT_SECONDS, wait_seconds), progress=steps
            ) as known,
            known.open() as connection,
        ):
            directory = out.expanduser() if out else _directory(home, known.as_of, named)
            pages = write_week(connection, named, directory, known.source.kind, known.source.is_simulated, known.as_of)
            papers = write_pdf(pages, directory) if with_pdf else ()
    except (AsOfError, WeekError) as error:
        raise BadInput(str(error)) from None
    console = Console()
    print_week(console, pages)
    for paper in papers:
        console.print(Text(f"pdf: {paper}"), soft_wrap=True)
    words = "as known at" if asked else "as known now,"
    console.print(Text(f"{words} {in_words(known.as_of)}, by today's models; not published"), soft_wrap=True)


def in_words(moment: datetime) -> str:
    """To the microsecond where there are any: two publications may be less than a second apart."""
    at = moment.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}{f'.{at:%f}' if at.microsecond else ''} UTC"


def _directory(home: Home, as_of: datetime, week: Week) -> Path:
    return home.path / "as_of" / f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}" / week.label
