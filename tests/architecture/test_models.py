"""dbt's models keep their shape: layers do not leak, whatever macro a reference comes from, and the way is short."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from regime.dev.models import MAY_READ
from warehouse.builds.project import PROJECT_DIR, manifest

# A model more is a stop more on the way from a candle to a sentence: first look whether its grain exists already.
# 100: open interest since its high, a grain of its own (a year back from each week).
# 102: the week ahead; where a venue and its files differ, a ledger that analysts read.
# 107: a second opinion on the regime: its states by day, labels and what followed, and three views.
MOST_MODELS = 111
# The last two are views, which nothing waits for.
LONGEST_WAY = 22
LONGEST_LINE = 160


@cache
def nodes() -> dict[str, dict[str, Any]]:
    told = json.loads(manifest().read_text())
    return {**told["nodes"], **told["sources"]}


@cache
def models() -> dict[str, dict[str, Any]]:
    return {key: node for key, node in nodes().items() if node["resource_type"] == "model"}


def layer_of(node: dict[str, Any]) -> str:
    if node["resource_type"] != "model":
        return {"seed": "seeds", "source": "raw"}[node["resource_type"]]
    return Path(node["path"]).parts[0]


def way_to(key: str) -> tuple[str, ...]:
    """The longest chain of models that ends in this one."""

    @cache
    def longest(key: str) -> tuple[str, ...]:
        before = [longest(read) for read in models()[key]["depends_on"]["nodes"] if read in models()]
        return (*max(before, key=len, default=()), models()[key]["name"])

    return longest(key)


def reads() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for model in models().values():
        for key in model["depends_on"]["nodes"]:
            yield model, nodes()[key]


def test_a_model_reads_only_what_its_layer_may():
    wrong = [
        f"{model['name']} ({layer_of(model)}) reads {read['name']} ({layer_of(read)})"
        for model, read in reads()
        if layer_of(read) not in MAY_READ[layer_of(model)]
    ]
    assert wrong == []


def test_what_lies_below_the_marts_reads_no_mart():
    """By schema, too: a mart stays one wherever its file lies."""
    wrong = [
        f"{model['name']} reads {read['name']}"
        for model, read in reads()
        if layer_of(model) in {"staging", "core", "intermediate", "operations"} and read["schema"] == "marts"
    ]
    assert wrong == []


@pytest.mark.parametrize("layer, prefixes", [("staging", ("stg_",)), ("core", ("core_",)), ("marts", ("",))])
def test_names_tell_the_layer(layer, prefixes):
    assert [m["name"] for m in models().values() if layer_of(m) == layer and not m["name"].startswith(prefixes)] == []
    others = [m["name"] for m in models().values() if layer_of(m) != layer and m["name"].startswith(prefixes[0] or "-")]
    assert others == []


def test_models_lie_by_domain():
    flat = [m["name"] for m in models().values() if layer_of(m) in {"core", "intermediate", "marts"}
            and len(Path(m["path"]).parts) != 3]  # fmt: skip
    assert flat == []
    assert max(Counter(str(Path(m["path"]).parent) for m in models().values()).values()) <= 16


def test_the_way_through_the_models_stays_short():
    longest = max((way_to(key) for key in models()), key=len)
    assert len(models()) <= MOST_MODELS
    assert len(longest) <= LONGEST_WAY, " → ".join(longest)


def test_no_line_of_sql_is_longer_than_a_screen():
    """sqlfluff would tell, in a quarter of all its time."""
    wrong = [
        f"{path.relative_to(PROJECT_DIR)}:{number}"
        for path in sorted((PROJECT_DIR / "models").rglob("*.sql"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LONGEST_LINE
    ]
    assert wrong == []
