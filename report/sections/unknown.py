"""What is not known this week, with its reason; the section that misses a figure knows why."""

from report.document import Section
from report.marts import Marts
from report.text import Sentence, compose, say


def section(marts: Marts, before: tuple[Section, ...]) -> Section:
    """The unknowns of the sections `before`; that there is none, if so."""
    sentences: list[Sentence] = [found.reason for part in before for found in part.unknowns]
    if not sentences:
        coverage = marts.weekly("regime_weekly", window_id=None).figure("coverage_pct")
        sentences.append(
            say(
                "nothing_unknown",
                "No figure of this page is missing (coverage of the regime: {coverage}).",
                coverage=coverage,
            )
        )
    return Section(
        id="unknown",
        title="What is not known this week",
        sentences=tuple(sentences),
        note=compose("A number that cannot be known is left out, never guessed and never set to zero."),
    )
