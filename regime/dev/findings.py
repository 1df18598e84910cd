"""A finding: which file, which line, what is wrong there, and what to do about it."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from warehouse.home import CHECKOUT


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend before a run. `line` counts from 1; None where the whole file is meant."""

    path: Path
    line: int | None
    problem: str
    remedy: str

    def __str__(self) -> str:
        """`dbt_project/seeds/sectors.csv:12: … ; …`, as compilers and editors write it."""
        path = self.path.relative_to(CHECKOUT) if self.path.is_relative_to(CHECKOUT) else self.path
        return f"{path}{f':{self.line}' if self.line else ''}: {self.problem}; {self.remedy}"


def suggestion(wrong: str, known: list[str]) -> str:
    """`did you mean 'bitcoin'?`, or an empty text where nothing is near."""
    near = get_close_matches(wrong, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def read_yaml(text: str) -> Any:
    """A YAML document, by libyaml where it is there: ten times as fast as the loader in Python."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
