"""The catalogue of metrics: its model, its marts, and everything that names a metric agree with it."""

import csv
import re

import pytest
import yaml

from warehouse.home import CHECKOUT

PROJECT = CHECKOUT / "dbt_project"


def rows(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dict[str, str]]:
    return {row["metric_id"]: row for row in rows(PROJECT / "seeds" / "metrics.csv")}


def test_the_model_makes_each_metric_of_the_catalogue_and_no_other(catalogue):
    (path,) = (PROJECT / "models").rglob("metric_values.sql")
    made = re.findall(r"^    \('(\w+)', '\w+', '", path.read_text(), re.MULTILINE)
    made += re.findall(r"^        '(open_interest_to_market_cap_like_for_like)',$", path.read_text(), re.MULTILINE)
    assert sorted(made) == sorted(catalogue)


def test_a_metric_names_columns_that_its_mart_has(catalogue):
    wrong = []
    for metric_id, metric in catalogue.items():
        (path,) = (PROJECT / "models").rglob(f"{metric['source_table']}.yml")
        (model,) = yaml.safe_load(path.read_text())["models"]
        has = {column["name"] for column in model["columns"]}
        wrong += [(metric_id, name) for name in metric["source_columns"].split("|") if name not in has]
        if ("week_start" in has) != (metric["frequency"] == "week"):
            wrong.append((metric_id, metric["frequency"]))
    assert wrong == []


def test_alerts_and_claims_are_of_headlines(catalogue):
    headlines = {metric_id for metric_id, metric in catalogue.items() if metric["is_headline"] == "true"}
    alerts = {row["metric_id"] for row in rows(PROJECT / "seeds" / "alert_rules.csv")}
    claims = {
        name
        for row in rows(PROJECT / "seeds" / "note_claims.csv")
        if row["source_table"] == "headlines_weekly"
        for name in re.findall(r"metric_id = '(\w+)'", row["row_key"])
    }
    assert alerts and claims and alerts | claims <= headlines


def test_a_metric_is_used(catalogue):
    """A metric is a headline, evidence of the regime, or the like-for-like history of one of those."""
    evidence = {row["metric_id"] for row in rows(PROJECT / "seeds" / "regime_rules.csv")}
    assert evidence <= set(catalogue)
    idle = [
        metric_id
        for metric_id, metric in catalogue.items()
        if metric["is_headline"] != "true" and metric_id not in evidence and not metric["like_for_like_of"]
    ]
    assert idle == []


def test_renamed_metrics_have_left_their_table(catalogue):
    """The table old → new that readers of regime_evidence_weekly need: each new id is the evidence's, no old one is."""
    evidence = {row["metric_id"] for row in rows(PROJECT / "seeds" / "regime_rules.csv")}
    renamed = rows(CHECKOUT / "docs" / "metric_ids.csv")
    assert {row["mart"] for row in renamed} == {"regime_evidence_weekly"}
    assert {row["new_metric_id"] for row in renamed} <= evidence & set(catalogue)
    assert {row["old_metric_id"] for row in renamed} & evidence == set()
