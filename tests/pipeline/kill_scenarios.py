"""What is killed between every two operations, and what must hold then."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from tests.pipeline import small_home
from tests.pipeline.killing import Scenario
from warehouse.database import connect
from warehouse.home import FORMAT, Home
from warehouse.landing import manifests, read_manifest, verify
from warehouse.loading import load_landed
from warehouse.publishing.history import RolledBack, current_number, history, versions
from warehouse.publishing.rollback import roll_back
from warehouse.recovery.cleanup import sweep
from warehouse.recovery.rebuild import mend, rebuild

PUBLISHED = 6  # more than are kept: publishing once more also drops one
MORE = [3.0, 4.0]


def put_in_order(home: Home) -> None:
    """What every run does first."""
    sweep(home)
    mend(home)
    with connect(home) as connection:
        load_landed(connection, home)


def facts(home: Home) -> list[Any]:
    """The candles that raw knows, without when they were learned."""
    with connect(home) as connection:
        return connection.execute("select open_time::varchar, close from raw.candles order by all").fetchall()


class Check:
    """Collects what is wrong instead of stopping at the first."""

    def __init__(self, path: Path) -> None:
        self.home, self.problems = Home(path), list[str]()

    def that(self, holds: bool, words: str) -> None:
        if not holds:
            self.problems.append(words)

    def readers(self) -> int:
        """The publication that readers see: whole, or there is a problem."""
        try:
            number, state, _ = small_home.read(self.home.path)
            with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
                connection.execute("select * from marts.publications").fetchall()
            (self.home.reports / "2025-W46" / "summary.md").read_text()
            self.that(number == state or state > PUBLISHED, f"publication {number} shows state {state}")
            return number
        except (duckdb.Error, OSError, AssertionError) as error:
            self.problems.append(f"readers: {error}")
            return 0

    def tidy(self) -> None:
        left = [
            str(path.relative_to(self.home.path))
            for path in self.home.path.rglob(".*")
            if not path.is_relative_to(self.home.dagster)
        ]
        self.that(not left, f"left lying: {left}")
        self.that(len(versions(self.home)) <= 5, f"versions {versions(self.home)} are kept")

    def answer(self, seen: object) -> dict[str, Any]:
        return {"seen": str(seen), "problems": self.problems}


def _land(path: Path) -> None:
    home = Home(path)
    put_in_order(home)
    small_home.land(home, MORE, first_hour=2)
    with connect(home) as connection:
        load_landed(connection, home)


def _check_landed(path: Path) -> dict[str, Any]:
    check = Check(path)
    check.that(check.readers() == PUBLISHED, "readers see something else")
    found = [read_manifest(manifest) for manifest in manifests(check.home)]
    for manifest in found:
        verify(manifest)
    put_in_order(check.home)
    known = facts(check.home)
    check.that(len(known) == 2 * len(found), f"{len(found)} batches landed, {len(known)} rows are loaded")
    _land(path)  # the next run asks again for what had not landed
    check.that([close for _, close in facts(check.home)] == [1.0, 2.0, *MORE], "rows were lost or doubled")
    check.tidy()
    return check.answer(f"{len(found)} landed")


def _prepare_next(path: Path) -> None:
    home = small_home.published(path, PUBLISHED)
    small_home.build(home, PUBLISHED + 1)


def _publish(path: Path) -> None:
    put_in_order(Home(path))
    small_home.publish_state(Home(path))


def _check_published(path: Path) -> dict[str, Any]:
    check = Check(path)
    seen = check.readers()
    check.that(seen in (PUBLISHED, PUBLISHED + 1), f"readers see publication {seen}")
    _publish(path)
    check.that(check.readers() == seen + 1, "the next publication is not the next number")
    told = [row.publication_id for row in history(check.home).publications]
    check.that(told == list(range(1, seen + 2)), f"the history is {told}")
    check.tidy()
    return check.answer(seen)


def _prepare_first(path: Path) -> None:
    home = small_home.begin(path)
    small_home.build(home, 1)


def _publish_first(path: Path) -> None:
    put_in_order(Home(path))
    small_home.publish_state(Home(path), small_home.WEEKS)


def _check_first(path: Path) -> dict[str, Any]:
    check = Check(path)
    seen = check.readers() if os.path.exists(check.home.warehouse) else 0
    check.that(os.path.exists(check.home.reports) == bool(seen), "pages without a database, or the other way round")
    _publish_first(path)
    number, _, _ = small_home.read(path)
    check.that(number == seen + 1, f"the next publication has number {number}")
    check.that(
        [row.publication_id for row in history(check.home).publications] == list(range(1, number + 1)), "history"
    )
    check.tidy()
    return check.answer(seen)


def _prepare_rollback(path: Path) -> None:
    small_home.published(path, PUBLISHED)


def _roll_back(path: Path) -> None:
    roll_back(Home(path))


def _check_rolled_back(path: Path) -> dict[str, Any]:
    check = Check(path)
    seen = check.readers()
    check.that(seen in (PUBLISHED - 1, PUBLISHED), f"readers see publication {seen}")
    told = [event for event in history(check.home).events if isinstance(event, RolledBack)]
    check.that(len(told) == (seen == PUBLISHED - 1), f"the history tells of {len(told)} rollbacks")
    small_home.build(check.home, PUBLISHED + 1)
    _publish(path)
    check.that(check.readers() == PUBLISHED + 1, "a later publication does not continue")
    numbers = [row.publication_id for row in history(check.home).publications]
    check.that(numbers == list(range(1, PUBLISHED + 2)), f"the history is {numbers}")
    check.tidy()
    return check.answer(seen)


def _prepare_older(path: Path) -> None:
    """A home in format 1, as far as anybody can tell: other tables, no clock, no history beside the files."""
    home = small_home.published(path, PUBLISHED)
    small_home.land(home, MORE, first_hour=2)
    file = path / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
    for number in versions(home):
        (home.published / str(number) / "publications.json").unlink()
    with connect(home) as connection:
        connection.execute("alter table raw.loads drop column clock_at")


def _migrate(path: Path) -> None:
    sweep(Home(path))
    mend(Home(path))


def _check_migrated(path: Path) -> dict[str, Any]:
    check = Check(path)
    check.that(check.readers() == PUBLISHED, "readers see something else")
    identity = check.home.identity()
    put_in_order(check.home)
    check.that([close for _, close in facts(check.home)] == [1.0, 2.0, *MORE], "rows were lost or doubled")
    after = check.home.identity()
    check.that(after is not None and after.format == FORMAT, "the home is still in an older format")
    small_home.build(check.home, PUBLISHED + 1)
    _publish(path)
    check.that(current_number(check.home) == PUBLISHED + 1, "a later publication does not continue")
    check.tidy()
    return check.answer(f"format {identity.format if identity else None}")


def _prepare_damaged(path: Path) -> None:
    _prepare_older(path)
    Home(path).mark_migrated()
    Home(path).staging.write_bytes(b"not a database" * 1000)


def _check_mended(path: Path) -> dict[str, Any]:
    aside = list(path.glob("staging.set-aside-*"))
    answer = _check_migrated(path)
    kept = [file.read_bytes()[:3] for file in path.glob("staging.set-aside-*")]
    if kept != [b"not"]:
        answer["problems"].append(f"the damaged file was not kept once: {kept}")
    return answer | {"seen": f"{len(aside)} aside"}


def _rebuild(path: Path) -> None:
    rebuild(Home(path))


def _scenario(
    name: str, prepare: Callable[[Path], object], act: Callable[[Path], None], check: Callable[[Path], dict[str, Any]]
) -> Scenario:
    return Scenario(name, lambda path: (prepare(path), None)[1], act, check)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _scenario("landing", _prepare_rollback, _land, _check_landed),
        _scenario("publication", _prepare_next, _publish, _check_published),
        _scenario("first_publication", _prepare_first, _publish_first, _check_first),
        _scenario("rollback", _prepare_rollback, _roll_back, _check_rolled_back),
        _scenario("migration", _prepare_older, _migrate, _check_migrated),
        _scenario("damaged_staging", _prepare_damaged, _migrate, _check_mended),
        _scenario("rebuild", _prepare_older, _rebuild, _check_migrated),
    )
}
