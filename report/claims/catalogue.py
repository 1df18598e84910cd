"""What can be claimed as data: names, measures, quantities, statements and what is not held, of `catalogue.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["move", "level"]
_FILE = Path(__file__).parent / "catalogue.toml"


@dataclass(frozen=True)
class Column:
    """A column that a quantity can be read from; `before` is the column with the value of a week before.

    `is_relative`: what counts is its change over the week in percent. Without `before`, the row a week before has it.
    """

    value: str
    before: str | None = None
    convention: str = ""
    span: str = ""
    scale: float = 1.0
    is_relative: bool = False


@dataclass(frozen=True)
class Source:
    """The rows of a mart that a quantity can be read from."""

    table: str
    columns: tuple[Column, ...]
    at: Literal["week", "day", "moment"] = "week"
    key: Mapping[str, str] = field(default_factory=dict)
    is_windowed: bool = False
    window_id: str | None = None


@dataclass(frozen=True, eq=False)
class Quantity:
    """Something that notes give a figure for: `of` what kind of name, which `measure` of it, in which unit."""

    quantity_id: str
    of: str
    measure: str
    kind: Kind
    unit: str
    sources: tuple[Source, ...]
    metrics: Mapping[str, str] = field(default_factory=dict)
    is_contested: bool = False
    is_inverse: bool = False
    comparable_days: str = ""
    complete_if: str = ""
    incomplete: str = "partial"
    scope: str = ""
    over_venues: Literal["", "total", "mean"] = ""


@dataclass(frozen=True)
class Statement:
    """Something that notes say in words, and which cells bear it out."""

    statement_id: str
    said: tuple[str, ...]
    of: str
    columns: tuple[str, ...] = ("label",)
    table: str = "macro_weekly"
    key: Mapping[str, str] = field(default_factory=dict)
    is_windowed: bool = False
    words: tuple[str, ...] = ()
    above: float | None = None
    below: float | None = None
    is_any: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All that can be claimed as data."""

    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    measures: Mapping[str, tuple[str, ...]]
    quantities: Mapping[str, Quantity]
    statements: Mapping[str, Statement]
    not_held: Mapping[str, tuple[str, ...]]
    not_seen: Mapping[str, tuple[str, ...]]

    def quantity(self, kind: str, name: str, measure: str) -> Quantity | None:
        """The quantity that is this measure of this name of this kind."""
        for quantity in self.quantities.values():
            if quantity.measure == measure and quantity.of in (kind, f"{kind}.{name}"):
                return quantity
        return None


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the house."""
    return read(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def read(content: Mapping[str, Any]) -> Catalogue:
    """A catalogue from its file's content."""
    return Catalogue(
        names={kind: {k: tuple(v) for k, v in names.items()} for kind, names in content["names"].items()},
        measures={name: tuple(said) for name, said in content["measures"].items()},
        quantities={name: _quantity(name, one) for name, one in content["quantities"].items()},
        statements={name: _statement(name, one) for name, one in content["statements"].items()},
        not_held={reason: tuple(said) for reason, said in content["not_held"].items()},
        not_seen={reason: tuple(said) for reason, said in content["not_seen"].items()},
    )


def _quantity(name: str, given: Mapping[str, Any]) -> Quantity:
    sources = tuple(
        Source(**{**source, "columns": tuple(Column(**column) for column in source["columns"])})
        for source in given["sources"]
    )
    return Quantity(quantity_id=name, **{**given, "sources": sources})


def _statement(name: str, given: Mapping[str, Any]) -> Statement:
    words = tuple(given.get("is", ()))
    rest = {key: value for key, value in given.items() if key not in ("is", "said", "columns", "labels")}
    columns = tuple(given.get("columns", ("label",)))
    return Statement(statement_id=name, said=tuple(given["said"]), words=words, columns=columns,
                     labels=tuple(given.get("labels", ())), **rest)  # fmt: skip
