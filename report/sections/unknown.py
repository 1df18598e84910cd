"""What is not known this week: every gap of the sections before, with its reason.

Belongs here: collecting the gaps, and naming the subjects that have no mart yet.
Does not: finding the gaps (the section that misses the figure knows why).
"""

from report.document import Section
from report.marts import Marts
from report.text import Sentence, compose, gap, say

# Subjects of the note whose marts may be absent: mart, a column of it, how people call it.
SUBJECTS = (
    ("asset_class_returns_weekly", "return_pct", "Crypto against other asset classes"),
    ("spot_perp_volume_weekly", "spot_share_pct", "Spot against perpetual volume"),
    ("liquidations_weekly", "long_usd", "Liquidations"),
    ("macro_weekly", "value_as_released", "Macro-economic releases"),
    ("headlines_weekly", "value", "What is so for the first time, or the longest, since when"),
)


def section(marts: Marts, before: tuple[Section, ...]) -> Section:
    """The gaps of the sections `before`, then the subjects without a mart."""
    sentences: list[Sentence] = [found.reason for part in before for found in part.gaps]
    for table, column, subject in SUBJECTS:
        if not marts.rows(table, week_start=marts.week.start):
            missing = marts.absent(table, window_id=None).figure(column)
            sentences.append(gap(f"absent_{table}", subject, missing, "this warehouse holds nothing of it yet").reason)
    if not sentences:
        coverage = marts.weekly("regime_weekly", window_id=None).figure("coverage_pct")
        nothing = "No figure of this page is missing (coverage of the regime: {coverage})."
        sentences.append(say("nothing_unknown", nothing, coverage=coverage))
    return Section(
        id="unknown",
        title="What is not known this week",
        sentences=tuple(sentences),
        note=compose("A number that cannot be known is left out, never guessed and never set to zero."),
    )
