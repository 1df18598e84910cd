"""`regime dev check` names the file, the row and what to do, for each mistake that somebody who adds a row can make."""

import shutil
from pathlib import Path

import pytest

from regime.dev import models
from regime.dev.check import check_datasets, check_universe
from regime.dev.models import check_models
from regime.dev.seeds import check_seeds
from warehouse.builds.project import PROJECT_DIR


@pytest.fixture
def seeds(tmp_path) -> Path:
    """A copy of the seeds, to make mistakes in."""
    return Path(shutil.copytree(PROJECT_DIR / "seeds", tmp_path / "seeds"))


def appended(path: Path, row: str) -> int:
    """Append a row to a CSV file; returns its line."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text + row + "\n", encoding="utf-8")
    return len(text.splitlines()) + 1


def test_the_repository_has_nothing_amiss():
    assert [str(finding) for finding in check_seeds(PROJECT_DIR / "seeds")] == []
    assert [str(finding) for finding in check_models()] == []
    assert [str(finding) for finding in (*check_datasets(), *check_universe())] == []


@pytest.mark.parametrize(
    "row, problem, remedy",
    [
        ("bitcion,Layer 1,,,,desk,typo", "asset_id 'bitcion' is no asset_id of assets.csv", "did you mean 'bitcoin'?"),
        ("0x,Layer 1,,,,desk,twice", "0x/ stands in line 2 already", "keep one of the two rows"),
        ("bitcoin,Layer One,,2030-01-01,,desk,typo", "sector 'Layer One' is not among", "did you mean 'Layer 1'?"),
        ("bitcoin,Layer 1,,2030-13-01,,desk,no month", "valid_from '2030-13-01' is no date", "as its neighbours"),
        ("bitcoin,Layer 1,,2030-01-01,,,nobody", "decided_by is empty", "fill it in"),
        ("bitcoin,Layer 1,,2030-01-01,desk", "5 fields where the header has 7", "add or quote"),
    ],
)
def test_a_mistake_in_a_sector_is_named_with_its_row(seeds, row, problem, remedy):
    line = appended(seeds / "sectors.csv", row)
    (finding,) = check_seeds(seeds)
    assert (finding.path.name, finding.line) == ("sectors.csv", line)
    assert problem in finding.problem
    assert remedy in finding.remedy


def test_a_column_that_nobody_declared_is_named(seeds):
    path = seeds / "rank_buckets.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{header},colour", *(f"{row},red" for row in rows)]) + "\n")
    (finding,) = check_seeds(seeds)
    assert finding.line == 1
    assert "undeclared colour" in finding.problem


def test_a_seed_without_a_declaration_is_named(seeds):
    (seeds / "holidays_of_mars.csv").write_text("day\n2030-01-01\n")
    (finding,) = check_seeds(seeds)
    assert finding.path.name == "holidays_of_mars.csv"


@pytest.fixture
def a_new_mart(tmp_path, monkeypatch):
    """A mart as a newcomer writes it first: SQL alone, which reads staging, a typo, and nothing else."""
    project = tmp_path / "models"
    shutil.copytree(models.MODELS, project)
    sql = project / "marts" / "volume" / "turnover_weekly.sql"
    sql.parent.mkdir(exist_ok=True)
    sql.write_text("select *\nfrom {{ ref('stg_candles') }}\ninner join {{ ref('price_hourly') }} using (asset_id)\n")
    monkeypatch.setattr(models, "MODELS", project)
    for cached in (models.model_files, models._layers):
        cached.cache_clear()
    yield sql
    for cached in (models.model_files, models._layers):
        cached.cache_clear()


def test_a_mart_without_its_promises_is_told_each_of_them(a_new_mart):
    told = [str(finding) for finding in check_models()]
    assert len(told) == 4
    assert any("no turnover_weekly.yml beside it describes it" in text for text in told)
    assert any(":2: a model of marts reads stg_candles, which is of staging" in text for text in told)
    assert any(":3: there is no model or seed price_hourly; did you mean 'prices_hourly'?" in text for text in told)
    assert any("nobody promised its columns; add its key and columns to dbt_project/promised_columns" in t for t in told)
