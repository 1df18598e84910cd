"""`regime explain`: from a published sentence to the cells, the queries, the raw rows and the landed files."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, TextIO

import duckdb
from rich.console import Console
from rich.text import Text

from regime.commands.sql import open_published
from regime.errors import BadInput
from regime.lineage import UNCHANGED, LandedFile, landed_files, sources_of
from regime.output import as_file
from regime.weeks import parse
from report.evidence import query_of, says_the_same
from report.figures import value_of_cell
from warehouse.contracts import DATASETS
from warehouse.home import Home
from warehouse.untrusted import one_line
from warehouse.week import Week

FORMATS = ("text", "json")
# Of each dataset, on a terminal; --all and JSON have every one.
FILES_SHOWN = 2


@dataclass(frozen=True)
class Said:
    """One sentence of a page, and the evidence that it was published with."""

    sentence_id: str
    section: str
    text: str
    evidence: list[dict[str, Any]]


@dataclass(frozen=True)
class Explained:
    """One figure of a sentence: the cell as the page had it, the query, what it gives now, and where that came from."""

    evidence: dict[str, Any]
    sql: str
    found: list[Any]
    is_the_same: bool
    datasets: list[str]
    files: list[LandedFile]


def explain(
    week: str, sentence: str | None, language: str, format: str, *, is_all: bool = False, out: TextIO = sys.stdout
) -> None:
    """Print the sentences of a week, or one of them with all that it rests on. BadInput where there is none such."""
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    home = Home.at()
    named = parse(week)
    with open_published(home) as connection:
        said = _sentences(connection, named, language, week)
        if sentence is None:
            _list(said, format, out)
            return
        one = _find(said, sentence, week)
        figures = [_explain(connection, home, evidence) for evidence in one.evidence]
    if format == "json":
        answer = {"week": week, "language": language, "sentence_id": one.sentence_id, "text": one.text}
        found = {**answer, "figures": [asdict(figure) for figure in figures]}
        as_file(out).write(json.dumps(found, indent=1, default=str, ensure_ascii=False) + "\n")
    else:
        _print(Console(file=out, highlight=False), one, figures, is_all)


def _sentences(connection: duckdb.DuckDBPyConnection, week: Week, language: str, asked: str) -> list[Said]:
    try:
        found = connection.execute(
            "select sentence_id, section, text, evidence, language from marts.weekly_summary_sentences"
            " where week_start = ?",  # in the order of the page: as they were inserted
            [week.start],
        ).fetchall()
    except duckdb.CatalogException:
        raise BadInput("this warehouse was published before sentences were kept; `regime run` publishes anew") from None
    if not found:
        weeks = connection.execute(
            "select distinct week_start from marts.weekly_summary_sentences order by 1"
        ).fetchall()
        known = ", ".join(Week(monday).label for (monday,) in weeks[-8:])
        raise BadInput(f"{one_line(asked, 20)} has no page; " + (f"these have: {known}" if known else "none has yet"))
    languages = sorted({row[4] for row in found})
    if language not in languages:
        raise BadInput(f"--language {one_line(language, 20)} is none of {', '.join(languages)}")
    return [
        Said(number, section, text, json.loads(evidence))
        for number, section, text, evidence, of in found
        if of == language
    ]


def _find(said: list[Said], sentence: str, week: str) -> Said:
    for one in said:
        if one.sentence_id == sentence.lower():
            return one
    near = get_close_matches(sentence.lower(), [one.sentence_id for one in said], n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else f"`regime explain {week}` lists them"
    raise BadInput(f"{week} has no sentence {one_line(sentence, 40)}; {hint}")


def _list(said: list[Said], format: str, out: TextIO) -> None:
    if format == "json":
        as_file(out).write(json.dumps([asdict(one) for one in said], indent=1, ensure_ascii=False) + "\n")
        return
    console = Console(file=out, highlight=False)
    part = None
    for one in said:
        if one.section != part:
            console.print(Text(one.section, style="bold"))
            part = one.section
        console.print(Text(f"{one.sentence_id}  {_whole(one.text)}"), soft_wrap=True)


def _explain(connection: duckdb.DuckDBPyConnection, home: Home, evidence: dict[str, Any]) -> Explained:
    sql = query_of(evidence)
    try:
        found = [value_of_cell(row[0]) for row in connection.execute(sql).fetchall()]
    except duckdb.Error as error:
        raise BadInput(f"{one_line(str(error), 200)}; the page was written by another version of the models") from None
    is_same = says_the_same(evidence, found[0]) if len(found) == 1 else evidence["value"] is None and not found
    datasets = sources_of(evidence["table"])
    files = [file for name in datasets for file in landed_files(connection, home, DATASETS[name], evidence)]
    return Explained(evidence, sql, found, is_same, datasets, files)


def _print(console: Console, said: Said, figures: list[Explained], is_all: bool) -> None:
    console.print(Text(f"{said.sentence_id}  {_whole(said.text)}", style="bold"), soft_wrap=True)
    before: Explained | None = None
    for figure in figures:
        for line, style in [*_cell(figure), *_origin(figure, before, is_all)]:
            console.print(Text(f"  {line}", style=style), soft_wrap=True)
        before = figure


def _cell(one: Explained) -> Iterator[tuple[str, str]]:
    said = "insufficient data" if one.evidence["value"] is None else str(one.evidence["value"])
    unit = f" {one.evidence['unit']}" if one.evidence["unit"] else ""
    yield "", ""
    yield one_line(f"{one.evidence['column']}: {said}{unit}", 200), "bold"
    yield f"{_whole(one.sql)};", "cyan"
    found = ", ".join(_shown(cell) for cell in one.found) or "no such row: not known"
    if one.is_the_same:
        yield f"gives {found}: what the page says", ""
    else:
        yield f"gives {found}: NOT what the page says; revised since, `regime diff` says by what", "red"


def _origin(one: Explained, before: Explained | None, is_all: bool) -> Iterator[tuple[str, str]]:
    if before and (before.datasets, before.files) == (one.datasets, one.files):
        yield "made from the same files", "dim"
        return
    yield f"made from {', '.join(one.datasets) or 'seeds and the calendar alone'}", ""
    for dataset in sorted(one.datasets, key=lambda name: DATASETS[name].time_column is None):
        files = [file for file in one.files if file.dataset == dataset]
        rows, origins = sum(file.rows for file in files), ", ".join(sorted({file.origin for file in files}))
        yield f"{rows:>9,} rows of {dataset} in {_counted(files)}{f' of {origins}' if files else ''}", ""
        for file in files if is_all else files[:FILES_SHOWN]:
            hashed = f"sha256 {file.sha256}" if file.sha256 else "no hash"
            style = "dim" if file.state == UNCHANGED else "red"
            yield f"{file.rows:>13,} in landing/{file.file} ({hashed}, {file.state})", style
        if len(files) > FILES_SHOWN and not is_all:
            yield "              …; --all shows every file", "dim"


def _counted(files: list[LandedFile]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files):,} files"


def _shown(cell: Any) -> str:
    return "NULL" if cell is None else one_line(str(cell), 120)


def _whole(text: str) -> str:
    """All of a text on one line; what a terminal would obey is spelled out."""
    return one_line(text)
