"""How much memory the models may take: what a value means, and what is said where it is too little."""

import re

import duckdb
import pytest

from warehouse.builds import memory
from warehouse.builds.project import PROJECT_DIR
from warehouse.home import HomeError

DEFAULT = re.search(r"env_var\('REGIME_MEMORY_LIMIT', '(.+?)'\)", (PROJECT_DIR / "profiles.yml").read_text())[1]


@pytest.mark.parametrize("value", [DEFAULT, "4GB", "1.5 GiB", "800mb"])
def test_a_size_that_passes_is_one_that_the_engine_takes(value):
    memory.check({memory.VARIABLE: value})
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{value}'")


@pytest.mark.parametrize("value", ["", "much", "4", "-1GB", "4GB; drop table x"])
def test_what_is_no_size_is_one_line(value):
    with pytest.raises(HomeError, match="REGIME_MEMORY_LIMIT is a size such as"):
        memory.check({memory.VARIABLE: value})


def test_nothing_said_is_the_default():
    memory.check({})


def test_a_model_that_ran_out_of_memory_says_what_to_do():
    with duckdb.connect() as connection, pytest.raises(duckdb.OutOfMemoryException) as found:
        connection.execute("set memory_limit = '4MB'; set temp_directory = ''; set threads = 1")
        connection.execute("select list(i order by random()) from range(3000000) as t(i)").fetchall()
    assert memory.advice(str(found.value)).endswith("allow the models more by REGIME_MEMORY_LIMIT (4GB, say)")
    assert memory.advice("Binder Error: no such column") == "Binder Error: no such column"
