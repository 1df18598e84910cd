"""What README and CONTRIBUTING name exists: files and folders, targets of make, commands of `regime`."""

import re

import pytest
from typer.main import get_command

from regime.cli import app
from warehouse.home import CHECKOUT

PAGES = ("README.md", "CONTRIBUTING.md")
_TOP = "|".join(("ingestion", "warehouse", "expectations", "orchestration", "alerts", "report", "regime", "simulator",
                 "dbt_project", "tests", "docs", "benchmarks"))  # fmt: skip
_PATH = re.compile(rf"[`(]((?:{_TOP})/[\w./-]*)[`)]")
_COMMAND = re.compile(r"\.venv/bin/regime ((?:[a-z]+ ?)+)")


def text(page: str) -> str:
    return (CHECKOUT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_paths_that_a_page_names_exist(page):
    named = {path.rstrip("/") for path in _PATH.findall(text(page))}
    assert len(named) > 5
    assert sorted(path for path in named if not (CHECKOUT / path).exists()) == []


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_that_a_page_names_exist(page):
    commands = get_command(app).commands
    for line in _COMMAND.findall(text(page)):
        known = commands
        for word in line.split():
            if known is None:
                break  # an argument
            assert word in known, f"{page} names `regime {line}`"
            known = getattr(known[word], "commands", None)


@pytest.mark.parametrize("page", PAGES)
def test_the_targets_of_make_that_a_page_names_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", text(page))) <= targets


def test_the_walks_are_short():
    """A newcomer can follow them in ten minutes: a candle through at most 22 files, a bad row through 4."""
    walks = text("CONTRIBUTING.md").split("## Three walks")[1].split("## How to add")[0].split("**A ")[1:]
    assert [len(re.findall(r"^\d+\. ", walk, re.MULTILINE)) for walk in walks] == [22, 13, 4]
