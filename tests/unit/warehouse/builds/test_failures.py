"""What is told of a build that failed: the names, and the promise that is broken."""

import json

import duckdb

from warehouse.builds.failures import OUT, what_failed

QUERY = "select 'one row per asset_id' as promise, count(*) as n_broken from marts.prices having count(*) > 0"


def ended(directory, *results):
    (directory / "run_results.json").write_text(json.dumps({"results": results}))


def test_a_broken_promise_is_named(tmp_path):
    with duckdb.connect(str(tmp_path / "staging.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.prices as select * from range(3)")
    ended(
        tmp_path,
        {"status": "success", "unique_id": "model.regime.prices", "message": "OK"},
        {
            "status": "fail",
            "unique_id": "test.regime.integrity_prices.1234",
            "message": "Got 1 result, configured to fail if != 0",
            "compiled_code": QUERY,
        },
    )
    told = what_failed(tmp_path, tmp_path / "staging.duckdb")
    assert told.startswith("1 of 2 models and tests failed (integrity_prices): 3 break `one row per asset_id`; see ")


def test_another_failure_is_told_as_dbt_tells_it(tmp_path):
    duckdb.connect(str(tmp_path / "staging.duckdb")).close()
    for status, query in (("error", None), ("fail", "select 1 as other")):
        ended(
            tmp_path,
            {"status": status, "unique_id": "model.regime.a", "message": "it broke\n  twice", "compiled_code": query},
        )
        assert "failed (a): it broke twice; see " in what_failed(tmp_path, tmp_path / "staging.duckdb")


def test_where_dbt_never_came_to_a_model_its_own_words_are_told(tmp_path):
    assert what_failed(tmp_path, tmp_path / "none").startswith("dbt could not build the models; see ")
    (tmp_path / OUT).write_text("Parsing Error\n  in seeds.yml")
    assert what_failed(tmp_path, tmp_path / "none") == "dbt could not build the models; Parsing Error in seeds.yml"
