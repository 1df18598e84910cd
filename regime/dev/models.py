"""Models as files: each has its description beside it, each mart its promises, each layer reads only what it may.

From its files alone, in a second; whether the SQL can be planned is asked by binding.py.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from regime.dev.findings import Finding, read_yaml, suggestion
from warehouse.builds.project import PROJECT_DIR

MODELS = PROJECT_DIR / "models"
PROMISES = PROJECT_DIR / "promised_columns.yml"
LAYERS = ("staging", "core", "intermediate", "marts", "operations")
# Which layers a layer may read; seeds may be read by all but staging, `raw` by staging and operations alone.
MAY_READ: Mapping[str, frozenset[str]] = {
    "staging": frozenset({"raw"}),
    "core": frozenset({"seeds", "staging", "core", "intermediate", "operations"}),
    "intermediate": frozenset({"seeds", "staging", "core", "intermediate", "operations"}),
    "marts": frozenset({"seeds", "core", "intermediate", "marts", "operations"}),
    "operations": frozenset({"raw", "staging", "core", "intermediate", "seeds", "operations"}),
}
# What a mart tells its readers beside its columns: docs/metrics.md is made of it.
FACTS = ("window", "formula", "source", "limits")
_REFERENCE = re.compile(r"""\b(?:ref|source)\(\s*['"]([^'"]+)['"](?:\s*,\s*['"]([^'"]+)['"])?\s*\)""")


def check_models() -> list[Finding]:
    """What is amiss with the models' files."""
    return [
        *_layout(),
        *(finding for path in model_files() for finding in _references(path)),
        *(finding for path in model_files() for finding in _description(path)),
        *_promises(),
    ]


@cache
def model_files() -> tuple[Path, ...]:
    """Every model's SQL, or Python."""
    return tuple(sorted(path for path in MODELS.rglob("*") if path.suffix in {".sql", ".py"}))


@cache
def seed_names() -> frozenset[str]:
    """Every seed."""
    return frozenset(path.stem for path in (PROJECT_DIR / "seeds").rglob("*.csv"))


def layer_of(path: Path) -> str:
    """The layer that a model lies in: the first folder below `models/`."""
    return path.relative_to(MODELS).parts[0]


@cache
def _layers() -> Mapping[str, str]:
    return {model.stem: layer_of(model) for model in model_files()}


def is_published(path: Path) -> bool:
    """True for what analysts read in schema `marts`: the marts, and ledgers that operations publish there."""
    layer = layer_of(path)
    return layer == "marts" or (layer == "operations" and "config(schema='marts')" in path.read_text(encoding="utf-8"))


def references(path: Path) -> list[tuple[int, str, str]]:
    """What a model reads: line, the layer (`raw`, `seeds`, or a layer of models; empty if unknown), and the name."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        for match in _REFERENCE.finditer(line):
            is_raw = match[0].startswith("source")
            name = match[2] or match[1]
            layer = "raw" if is_raw else "seeds" if name in seed_names() else _layers().get(name, "")
            found.append((number, layer, name))
    return found


def declared(path: Path) -> Mapping[str, Any]:
    """A model's entry in the `.yml` beside it; empty where there is none."""
    beside = path.with_suffix(".yml")
    if not beside.exists():
        return {}
    entries = (read_yaml(beside.read_text(encoding="utf-8")) or {}).get("models", ())
    return next((entry for entry in entries if entry["name"] == path.stem), {})


def grain_of(model: Mapping[str, Any]) -> list[str]:
    """The key that a model's own tests promise to be unique."""
    grains = [
        content.get("arguments", content)["grain"]
        for test in model.get("data_tests", ())
        if isinstance(test, dict)
        for name, content in test.items()
        if name == "integrity"
    ]
    return grains[0] if grains else []


def grains() -> Mapping[str, list[str]]:
    """The key of each model that analysts read."""
    found = {path.stem: grain_of(declared(path)) for path in model_files() if is_published(path)}
    return {name: grain for name, grain in found.items() if grain}


def promised() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The public contract: for each mart its key and the columns that analysts were promised."""
    content: Mapping[str, Mapping[str, str]] = read_yaml(PROMISES.read_text(encoding="utf-8"))
    return {mart: {what: names.split() for what, names in entry.items()} for mart, entry in content.items()}


def _layout() -> Iterator[Finding]:
    for path in model_files():
        if layer_of(path) not in LAYERS:
            yield Finding(path, None, f"{layer_of(path)} is no layer", f"move it into one of {', '.join(LAYERS)}")


def _references(path: Path) -> Iterator[Finding]:
    layer = layer_of(path)
    known = [*seed_names(), *(model.stem for model in model_files())]
    for line, read, name in references(path):
        if not read:
            yield Finding(path, line, f"there is no model or seed {name}", suggestion(name, known) or "add it first")
        elif read not in MAY_READ.get(layer, ()):
            allowed = ", ".join(sorted(MAY_READ.get(layer, ())))
            yield Finding(
                path, line, f"a model of {layer} reads {name}, which is of {read}", f"{layer} may read {allowed}"
            )


def _description(path: Path) -> Iterator[Finding]:
    model = declared(path)
    if not model:
        yield Finding(
            path, None, f"no {path.stem}.yml beside it describes it",
            "add one with its description, its columns with types, and an integrity test",
        )  # fmt: skip
        return
    beside = path.with_suffix(".yml")
    if not model.get("description"):
        yield Finding(beside, None, f"{path.stem} has no description", "say what one row is")
    for column in model.get("columns", ()):
        if not column.get("data_type"):
            yield Finding(beside, None, f"{column['name']} has no data_type", "name it as DuckDB does")
        if not column.get("description"):
            yield Finding(beside, None, f"{column['name']} has no description", "say what it is, with its unit")
    if not is_published(path):
        return
    if not grain_of(model) and path.stem in promised():
        yield Finding(beside, None, f"{path.stem} has no integrity test", "name the columns that make a row unique")
    missing = [fact for fact in FACTS if fact not in (model.get("config", {}).get("meta") or {})]
    if missing:
        yield Finding(
            beside,
            None,
            f"{path.stem} does not tell {', '.join(missing)}",
            "add it to config.meta, for docs/metrics.md",
        )


def _promises() -> Iterator[Finding]:
    marts = {path.stem: path for path in model_files() if is_published(path)}
    for name in sorted(marts.keys() - promised().keys()):
        yield Finding(
            marts[name], None, f"{name} would be published, and nobody promised its columns",
            f"add its key and columns to {PROMISES.relative_to(PROJECT_DIR.parent)}",
        )  # fmt: skip
    for name, promise in promised().items():
        if name not in marts:
            yield Finding(PROMISES, None, f"{name} is promised and is no mart", "restore it: readers depend on it")
            continue
        model, beside = declared(marts[name]), marts[name].with_suffix(".yml")
        columns = {column["name"] for column in model.get("columns", ())}
        for column in (*promise["key"], *promise["columns"]):
            if model and column not in columns:
                yield Finding(beside, None, f"{name}.{column} is promised and not declared", "restore it")
        if model and sorted(grain_of(model)) != sorted(promise["key"]):
            yield Finding(
                beside, None, f"the grain of {name} is not its promised key ({', '.join(promise['key'])})",
                "make them one",
            )  # fmt: skip
