"""The public contract: what analysts were promised in `promised_columns.yml` is what dbt builds.

That each mart declares its promised key and columns, and tells its window, formula, source and limits, is what
`regime dev check` asks (tests/unit/regime/test_dev_check.py).
"""

import pytest
import yaml

from regime.dev.models import declared, is_published, model_files, promised
from warehouse.builds.project import PROJECT_DIR


@pytest.mark.parametrize("path", [p for p in model_files() if is_published(p)], ids=lambda p: p.stem)
def test_weeks_and_days_are_dates(path):
    found = {column["name"]: column["data_type"] for column in declared(path)["columns"]}
    assert {found[name] for name in {"week_start", "market_date"} & found.keys()} <= {"date"}


def test_dbt_refuses_to_build_a_mart_with_other_columns_than_declared():
    settings = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["models"]["regime"]
    assert settings["marts"]["+contract"] == {"enforced": True}
    assert settings["operations"]["+contract"] == {"enforced": True}


def test_the_contract_has_every_mart_that_was_ever_promised():
    """A mart may be added; this many are known to readers and none may go."""
    assert len(promised()) >= 34
