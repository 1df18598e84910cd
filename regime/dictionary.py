"""The dictionary: docs/metrics.md, made from the models' own .yml and from the seed of the note's claims.

`python -m regime.dictionary` writes it.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from regime.dev.models import grains
from report.figures import unit_of
from warehouse.builds.project import PROJECT_DIR, manifest
from warehouse.home import CHECKOUT

PAGE = CHECKOUT / "docs" / "metrics.md"

_FACTS = (("window", "Window"), ("formula", "Formula"), ("source", "From"), ("limits", "Limits"))


def page() -> str:
    """The whole page, as Markdown."""
    marts = _marts(json.loads(manifest().read_bytes()))
    keys = grains()
    parts = [_HEAD, *_index(marts, keys), *(_mart(mart) for mart in marts), _claims(marts)]
    return "\n".join(parts).rstrip() + "\n"


def _marts(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    marts = [model for model in models if model["schema"].endswith("marts")]
    return sorted(marts, key=lambda mart: mart["name"])


_HEAD = """# The dictionary of the marts

Made by `make docs` from the models' own `.yml`; change it there. Everything is UTC, percent means 1.0 = 1 %, a
percentile runs from 0 to 1, and a number that is not known is NULL, never 0. Ask with
`regime sql "select … from marts.<table>"`.
"""


def _index(marts: Sequence[Mapping[str, Any]], keys: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "| table | one row per |"
    yield "|---|---|"
    for mart in marts:
        yield f"| [{mart['name']}](#{mart['name']}) | {', '.join(keys.get(mart['name'], ()))} |"
    yield ""


def _mart(mart: Mapping[str, Any]) -> str:
    meta = mart["config"].get("meta") or mart.get("meta") or {}
    lines = [f"## {mart['name']}", "", " ".join(mart["description"].split()), ""]
    lines += [f"- **{title}**: {meta[name]}" for name, title in _FACTS if name in meta]
    lines += ["", "| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in mart["columns"].values():
        meaning = " ".join(column["description"].split()).replace("|", "\\|")
        lines.append(f"| `{column['name']}` | {column['data_type']} | {_unit(column)} | {meaning} |")
    return "\n".join([*lines, ""])


def _unit(column: Mapping[str, Any]) -> str:
    said = (column.get("config", {}).get("meta") or {}).get("unit")
    return said or unit_of(column["name"])


def _claims(marts: Sequence[Mapping[str, Any]]) -> str:
    """The note of 24 November 2025, claim by claim, with the query that gives its figure in the simulated market."""
    has_weeks = {mart["name"] for mart in marts if "week_start" in mart["columns"]}
    lines = [
        "## The note of 24 November 2025, claim by claim",
        "",
        "The simulated market is made so that each of these holds; a test asks them all. What real prices of that",
        "week say is another matter: bitcoin −7.9 %, the ten largest did not fall most, funding was positive on",
        "average until 23 November.",
        "",
        "| section | claim | query |",
        "|---|---|---|",
    ]
    with open(PROJECT_DIR / "seeds" / "note_claims.csv", newline="", encoding="utf-8") as rows:
        lines += [
            f"| {row['section']} | {row['claim']} | `{claim_query(row, row['source_table'] in has_weeks)}` |"
            for row in csv.DictReader(rows)
        ]
    return "\n".join(lines)


def claim_query(claim: Mapping[str, str], has_weeks: bool) -> str:
    """The SQL that gives a claim's figure."""
    week = " and week_start = date '2025-11-17'" if has_weeks else ""
    return f"select {claim['source_column']} from marts.{claim['source_table']} where {claim['row_key']}{week}"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
