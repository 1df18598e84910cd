"""`regime dev check`: everything that can be wrong with a change before anything runs, in seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from ingestion.universe import UNIVERSE_FILE, Universe, UniverseError
from ingestion.venues import VENUES
from regime.dev.findings import Finding
from regime.dev.models import MODELS, check_models
from regime.dev.seeds import check_seeds
from regime.errors import BadInput
from warehouse.builds.project import PROJECT_DIR
from warehouse.contracts import DATASETS
from warehouse.home import CHECKOUT
from warehouse.untrusted import one_line


def check(*, is_binding: bool = True) -> None:
    """Print what is amiss; BadInput if anything is. `is_binding`: let DuckDB plan every model too (ten seconds)."""
    console = Console()
    with console.status("seeds, models, datasets and venues …"):
        findings = [*check_seeds(PROJECT_DIR / "seeds"), *check_models(), *check_datasets(), *check_universe()]
    if is_binding and not findings:
        with console.status("planning every model against empty tables …"):
            findings += check_binding()
    for finding in findings:
        console.print(escape(str(finding)), soft_wrap=True, highlight=False)
    if findings:
        raise BadInput(f"{len(findings)} finding{'s' if len(findings) > 1 else ''}; nothing was run")
    console.print("nothing amiss: seeds, models, datasets and venues are as declared")


def check_datasets() -> Iterator[Finding]:
    """Each contract has its staging model and its suite."""
    from expectations.suites import suite_of

    contracts = CHECKOUT / "warehouse" / "contracts.py"
    for name in DATASETS:
        if not (MODELS / "staging" / f"stg_{name}.sql").exists():
            yield Finding(contracts, None, f"dataset {name} has no staging model", f"add models/staging/stg_{name}.sql")
        try:
            suite_of(name)
        except (KeyError, ImportError):
            yield Finding(contracts, None, f"dataset {name} has no suite", f"add expectations/suites/{name}.py")


def check_universe() -> Iterator[Finding]:
    """universe.toml names what exists, and every venue that has a file is asked or left out on purpose."""
    try:
        universe = Universe.read()
    except UniverseError as error:
        yield Finding(UNIVERSE_FILE, None, str(error), "correct the file")
        return
    for name in sorted(VENUES.keys() - universe.venues.keys()):
        path = CHECKOUT / "ingestion" / "venues" / f"{name}.py"
        yield Finding(path, None, f"venue {name} is asked for nothing", f"add a block [venues.{name}] to universe.toml")


def check_binding() -> list[Finding]:
    """Every model planned by DuckDB, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "regime.dev.binding"], cwd=CHECKOUT, capture_output=True, encoding="utf-8", check=False
    )
    try:
        problems = json.loads(done.stdout)
    except ValueError:
        told = one_line(done.stderr[-400:] or done.stdout[-400:])
        return [Finding(PROJECT_DIR, None, f"the models could not be compiled: {told}", "correct the project")]
    return [
        Finding(PROJECT_DIR / file, None, one_line(problem, 500), "correct the model") for file, problem in problems
    ]
