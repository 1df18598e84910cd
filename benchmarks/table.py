"""The results to look at: on a terminal, and as docs/benchmarks.md."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS, WEEKLY
from benchmarks.measure import Measurement
from benchmarks.results import Results, machine

COLUMNS = ("", "median s", "fastest – slowest s", "weekly run ÷ this", "processor s", "peak MB")
STEP_COLUMNS = ("step", "s", "outcome")

_METHOD = """\
- **One run, in turn.** Every contestant runs once, then every one again: A B C D, A B C D, … All figures are wall time
  of the whole command, from start to exit. Ratios are what to read; seconds belong to the machine.
- **A warm home really has all earlier weeks and not the last.** It was made by a `regime run` against the same
  simulated market with its clock a week earlier (2025-11-17 06:00 UTC). Each run gets a fresh copy of it, at the same
  path, and fetches, judges, loads, builds and publishes a week that it has never seen; nothing is deleted or forced.
- **The market server is a process of its own**, there before the weekly run and the default way begin: a week's work
  does not contain starting the simulator. The first full run does contain it, as `make run` does.
- **Dagster's default way** has the same definitions, resources, home and instance, without `in_process_executor` and
  without the relaxed history: its multiprocess executor, a process per step, as many at once as there are cores. Steps
  wait for one another at the home's lock, since DuckDB has one writer. dbt is called by dagster-dbt in the same way.
- **dbt and the SQL** begin in a copy that has the last week's rows loaded and nothing built from them. `dbt build`
  leaves out unit tests, as the weekly run does. The SQL is what dbt compiled, as `create or replace` in the order of
  dependencies.
- **Peak memory** is that of the largest process of a command, as the kernel counted it; several at once need more.
"""


def show(results: Results, console: Console) -> None:
    """The tables on a terminal."""
    for title, columns, rows in _tables(results):
        table = Table(*columns[:1], title=title, title_justify="left")
        for column in columns[1:]:
            table.add_column(column, justify="left" if column == "outcome" else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for line in (*results.aims(), results.load(), machine()):
        console.print(line, highlight=False)


def document(results: Results, command: str) -> str:
    """docs/benchmarks.md."""
    parts = [
        "# Speed",
        f"Written by `{command}`; do not edit. {machine()}; the {results.market} simulated market. {results.load()}",
        "\n".join(f"- {aim}" for aim in results.aims()),
    ]
    for title, columns, rows in _tables(results):
        parts += [f"## {title}", "\n".join(_markdown(columns, rows))]
    kinds = "\n".join(f"- **{c.name}**: {c.does}" for c in CONTESTANTS)
    return "\n\n".join([*parts, "## What is compared, and how", kinds, _METHOD])


def _tables(results: Results) -> Iterator[tuple[str, Sequence[str], list[Sequence[str]]]]:
    rounds = len(results.runs[WEEKLY.name])
    yield f"The last closed week, warm history ({rounds} rounds)", COLUMNS, [_row(results, c.name) for c in CONTESTANTS]
    yield "The first full run, by step", STEP_COLUMNS, _steps(results.first_run)
    yield "A weekly run, by step", STEP_COLUMNS, _steps(results.typical(WEEKLY))


def _row(results: Results, name: str) -> Sequence[str]:
    contestant = next(c for c in CONTESTANTS if c.name == name)
    runs = results.runs[name]
    seconds = [run.wall_seconds for run in runs]
    return (
        name,
        f"{results.median_seconds(contestant):.1f}",
        f"{min(seconds):.1f} – {max(seconds):.1f}",
        f"{results.ratio(WEEKLY, contestant):.2f}",
        f"{results.typical(contestant).cpu_seconds:.1f}",
        f"{max(run.peak_memory_mb for run in runs):.0f}",
    )


def _steps(run: Measurement) -> list[Sequence[str]]:
    """The steps as told; what is left is imports, Dagster's bookkeeping, the guards' checks and the summary."""
    rest = run.wall_seconds - sum(step.seconds for step in run.steps)
    return [
        *((step.name, f"{step.seconds:.1f}", step.told) for step in run.steps),
        ("everything else", f"{rest:.1f}", "imports, bookkeeping, checks, the summary on the terminal"),
        (
            "all",
            f"{run.wall_seconds:.1f}",
            f"{run.cpu_seconds:.1f} s of processor, {run.peak_memory_mb:.0f} MB at most",
        ),
    ]


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('---' if i == 0 or name == 'outcome' else '---:' for i, name in enumerate(columns))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
