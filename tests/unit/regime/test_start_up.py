"""Commands that only read start at once: they import nothing that a run needs."""

import os
import subprocess
import sys

import pytest

from warehouse.home import CHECKOUT

HEAVY = {"dagster", "dagster_dbt", "great_expectations", "ccxt", "dbt"}
LIST = "import sys; {do}; print(' '.join(m for m in sys.modules if '.' not in m))"


@pytest.mark.parametrize(
    "module",
    [
        "regime.cli",
        "regime.commands.sql",
        "regime.commands.status",
        "regime.commands.run",
        "regime.commands.ui",
        "regime.commands.quarantine",
        "regime.commands.report",
        "regime.commands.diff",
        "regime.commands.rollback",
        "regime.commands.rebuild",
        "regime.commands.verify",
    ],
)
def test_a_command_imports_nothing_heavy(module, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIST.format(do=f"import {module}")],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert HEAVY & set(done.stdout.split()) == set()


def test_asking_imports_neither_pandas_nor_pyarrow(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIST.format(do="import regime.commands.sql")],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"pandas", "pyarrow", "httpx"} & set(done.stdout.split()) == set()
