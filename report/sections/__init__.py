"""The parts of a page, in their order: one file each, one line here."""

from collections.abc import Callable

from report.document import Section, titled
from report.marts import Marts
from report.sections import (
    changes,
    coverage,
    flow,
    leverage,
    macro,
    market,
    regime,
    sectors,
    unknown,
    volatility,
)

ORDER: tuple[Callable[[Marts], Section], ...] = (
    changes.section,
    macro.section,
    market.section,
    leverage.section,
    flow.section,
    volatility.section,
    sectors.section,
    regime.section,
    coverage.section,
)


def build(marts: Marts) -> tuple[Section, ...]:
    """All sections of the week in the language spoken; the last one says why what the others miss is not known."""
    from report import charts  # Altair takes a third of a second: only who makes a page pays it

    sections = tuple(charts.attached(marts, section(marts)) for section in ORDER)
    return tuple(titled(section) for section in (*sections, unknown.section(marts, sections)))
