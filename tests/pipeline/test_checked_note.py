"""The published note as the worked example: what `regime check` says of it is what docs/checking_a_note.md shows."""

import csv
import json
import re

import pytest

from tests.pipeline.market import CommandLine
from warehouse.home import CHECKOUT

pytestmark = pytest.mark.xdist_group("full_market")

EXAMPLES = CHECKOUT / "docs" / "examples"
PAGE = CHECKOUT / "docs" / "checking_a_note.md"
NOTE = EXAMPLES / "note_2025_11_24.md"
RENEW = "docs/checking_a_note.md shows another answer: run its command in a home of the full market, and paste"
CLAIMS = list(csv.DictReader((CHECKOUT / "dbt_project" / "seeds" / "note_claims.csv").read_text().splitlines()))


def told(line: CommandLine, *arguments: str) -> dict:
    done = line("check", *arguments, "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def checked(full_line):
    return told(full_line, str(NOTE))


def test_the_page_shows_what_the_command_says(full_line):
    done = full_line("check", str(NOTE))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.findall(r"```\n\$ \.venv/bin/regime check (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown == [(str(NOTE.relative_to(CHECKOUT)), done.stdout)], RENEW


def test_the_simulated_market_agrees_with_the_note(checked):
    """All but the ten largest, of whom the note's charts say two things, and who is net short, which nobody sees."""
    apart = {claim["claim"]: claim["verdict"] for claim in checked["claims"] if claim["verdict"] != "confirmed"}
    assert apart == {
        "The top ten fell more than ranks 50–100": "depends",
        "Positioning in perpetuals is net short": "not_knowable",
    }


def test_both_languages_claim_the_same_and_are_found_the_same(full_line, checked):
    japanese = told(full_line, str(NOTE.with_suffix(".ja.md")))
    assert (checked["language"], japanese["language"]) == ("en", "ja") and japanese["week"] == "2025-W47"

    def bones(one: dict) -> list:
        return sorted(
            (c["shape"], c["quantity"] or "", c["of"] or "", c["verdict"], (c["figure"] or {"value": 0})["value"])
            for c in one["claims"]
        )

    assert bones(japanese) == bones(checked)


def test_it_makes_every_claim_of_the_seed_and_reads_it_in_the_same_mart(checked):
    """The seed `note_claims` is the truth that the simulated market is made to; the example says the same in words."""
    read = {(r["table"], r["column"]) for c in checked["claims"] if c["verdict"] == "confirmed" for r in c["readings"]}
    # What the seed asks of a headline, the checker asks of the metric's history or of the mart behind it.
    behind = {
        "market_cap_since": ("metric_values", "value_date"), "btc_funding_since": ("metric_values", "value_date"),
        "spot_share": ("regime_weekly", "flow_state"), "btc_funding": ("funding_daily", "funding_rate_annualised_pct"),
        "verdict": ("regime_weekly", "leverage_state"),
    }  # fmt: skip
    missing = [
        claim["claim_id"]
        for claim in CLAIMS
        if behind.get(claim["claim_id"], (claim["source_table"], claim["source_column"])) not in read
    ]
    assert missing == []


def test_its_figures_are_those_of_the_seed(checked):
    said = {abs(c["figure"]["value"]) for c in checked["claims"] if c["figure"]}
    figures = {abs(float(c["value"])) for c in CLAIMS if c["comparison"] == "equals" and c["claim_id"] != "worst_class"}
    assert figures - {119.0} <= said and 119_000.0 in said
