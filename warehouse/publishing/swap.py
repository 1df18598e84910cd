"""The swap of one link, by which readers see another version: its database and its pages in the same instant."""

import os
from pathlib import Path

from warehouse.files import sync_directory
from warehouse.home import Home, HomeError


def make_current(home: Home, number: int) -> None:
    """From here on readers see this version."""
    for link, target in ((home.warehouse, "current/warehouse.duckdb"), (home.reports, "current/reports")):
        if not link.is_symlink():
            swap_link(link, Path(target))
    swap_link(home.current, Path("published") / str(number))


def check_links(home: Home) -> None:
    """HomeError where a link is none: a home that was copied without its links cannot be swapped."""
    for link in (home.current, home.warehouse, home.reports):
        if not link.is_symlink() and link.exists():
            raise HomeError(
                f"{link} is not the link that it should be (was the home copied without its links?); move it away: "
                "the next publication makes it anew"
            )


def swap_link(link: Path, target: Path) -> None:
    """Point a relative link at `target` in one step: readers see the old one or the new one, never none."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, link)
    sync_directory(link.parent)
