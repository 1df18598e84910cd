"""`regime dev compare OLD NEW`: whether two homes publish the same, mart by mart and page by page.

Compared are keys and values of the published marts (floats to 1e-9 relative) and the words of the pages, but for what
the wall clock alone changes (when rows were recorded, the publications). Two publications of one home: `regime diff`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from regime.errors import BadInput, RunFailed

TOLERANCE = 1e-9
LAST_BITS = 1e-15
NOT_COMPARED = {"publications"}
OF_THE_WALL_CLOCK: Mapping[str, frozenset[str]] = {
    "data_coverage_weekly": frozenset({"last_recorded_at"}),
    "archive_disagreements": frozenset({"first_recorded_at"}),
    "quarantine": frozenset({"recorded_at", "landing_file"}),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)?|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
_HASH = re.compile(r"\b[0-9a-f]{12,64}\b")


def compare_homes(old: Path, new: Path, *, metric_ids: Path | None = None) -> None:
    """Print what differs; RunFailed if anything does. `metric_ids`: a table of mart,old_metric_id,new_metric_id."""
    renamed = _renamed(metric_ids)
    all_new_ids = {was: now for ids in renamed.values() for was, now in ids.items()}
    table = Table("what", "rows", "difference")
    with _opened(old) as before, _opened(new) as after:
        names_before, names_after = _marts(before), _marts(after)
        for name in sorted(names_before - names_after):
            table.add_row(f"marts.{name}", "", "is no more")
        for name in sorted(names_before & names_after - NOT_COMPARED):
            told = _difference(name, before, after, renamed)
            if told:
                table.add_row(f"marts.{name}", f"{_count(after, name):,}", told)
    for name, told in _pages(old / "reports", new / "reports", all_new_ids):
        table.add_row(name, "", told)
    console = Console()
    if table.row_count:
        console.print(table)
        raise RunFailed(f"{table.row_count} of the marts and pages differ")
    console.print(f"{len(names_before & names_after)} marts and all pages are equal (floats to {TOLERANCE:g} relative)")


def _opened(home: Path) -> duckdb.DuckDBPyConnection:
    file = home / "warehouse.duckdb"
    if not file.exists():
        raise BadInput(f"nothing is published in {home}; name two homes with a publication")
    return duckdb.connect(str(file.resolve()), read_only=True)


def _renamed(metric_ids: Path | None) -> dict[str, dict[str, str]]:
    """Renamed metrics by mart: old id → new id."""
    renamed: dict[str, dict[str, str]] = {}
    for row in pd.read_csv(metric_ids).to_dict("records") if metric_ids else ():
        renamed.setdefault(row["mart"], {})[row["old_metric_id"]] = row["new_metric_id"]
    return renamed


def _marts(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    }


def _count(connection: duckdb.DuckDBPyConnection, mart: str) -> int:
    return int(connection.execute(f'select count(*) from marts."{mart}"').fetchall()[0][0])


def _difference(
    name: str,
    before: duckdb.DuckDBPyConnection,
    after: duckdb.DuckDBPyConnection,
    renamed: Mapping[str, Mapping[str, str]],
) -> str:
    x, y = (connection.execute(f'select * from marts."{name}"').df() for connection in (before, after))
    if lost := [column for column in x.columns if column not in y.columns]:
        return f"columns are gone: {', '.join(lost)}"
    if len(x) != len(y):
        return f"{len(x):,} rows became {len(y):,}"
    columns = [c for c in x.columns if c not in OF_THE_WALL_CLOCK.get(name, ())]
    numbers = [c for c in columns if pd.api.types.is_float_dtype(x[c])]
    keys = [c for c in columns if c not in numbers]
    if "metric_id" in keys and name in renamed:
        x["metric_id"] = x["metric_id"].map(lambda old: renamed[name].get(old, old))
    if "evidence" in keys:
        y["evidence"] = y["evidence"].map(lambda text: _evidence(text, {}))
        x["evidence"] = x["evidence"].map(lambda text: _evidence(text, renamed))
    x, y = (_ordered(frame, keys, numbers) for frame in (x, y))
    differing = {c: int((x[c] != y[c]).sum()) for c in keys}
    for column in numbers:
        a, b = x[column].to_numpy(float), y[column].to_numpy(float)
        # A residual of sums of billions is 0 but for their last bits.
        last_bits = LAST_BITS * np.nanmax(np.abs(a), initial=0)
        is_same = np.isclose(a, b, rtol=TOLERANCE, atol=max(TOLERANCE, last_bits), equal_nan=True)
        differing[column] = int((~is_same).sum())
    return ", ".join(f"{column} in {count:,}" for column, count in differing.items() if count)


def _evidence(text: str, renamed: Mapping[str, Mapping[str, str]]) -> str:
    """A sentence's evidence under the new ids of the marts that it names."""
    return json.dumps([
        json.loads(_renamed_in(json.dumps(one), renamed.get(one["table"], {}))) for one in json.loads(text)
    ])  # fmt: skip


def _ordered(frame: pd.DataFrame, keys: list[str], numbers: list[str]) -> pd.DataFrame:
    text = frame[[*keys, *numbers]].assign(**{key: frame[key].astype(str).fillna("") for key in keys})
    return text.sort_values([*keys, *numbers], kind="stable").reset_index(drop=True)


def _pages(old: Path, new: Path, new_ids: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pages whose text differs, moments of the wall clock and hashes left out."""
    found = []
    for page in sorted(p for p in old.glob("*/*") if p.suffix in {".md", ".html", ".json"}):
        name = page.relative_to(old)
        other = new / name
        if not other.exists():
            found.append((str(name), "is no more"))
        elif _words(page, new_ids) != _words(other, new_ids):
            found.append((str(name), "says something else"))
    return found


def _words(page: Path, new_ids: Mapping[str, str]) -> str:
    text = _HASH.sub("#", _MOMENT.sub("@", page.read_text(encoding="utf-8")))
    return _renamed_in(text, new_ids)


def _renamed_in(text: str, new_ids: Mapping[str, str]) -> str:
    for old, new in new_ids.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text
