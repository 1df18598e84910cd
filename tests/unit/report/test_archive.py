"""The archive over all weeks: page, feeds and schema, from whatever lies in a report directory."""

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from html.parser import HTMLParser

import jsonschema
import pytest

from report.archive.index import LEVELS, SCHEMA, VERDICT_LEVELS, files, write_archive
from report.archive.published import published_weeks
from report.week import write_week
from tests.unit.report.marts_by_hand import MARTS, WEEK, plausible_marts
from warehouse.home import CHECKOUT
from warehouse.week import Week

AS_OF = datetime(2025, 11, 24, 7)
FIRST, LATER = datetime(2025, 11, 24, 8, tzinfo=UTC), datetime(2025, 11, 25, 8, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
ATTACK = "<script>alert(1)</script>]]>&amp;\x00\x08\x1b\u202e\ud800\"'"


def a_page(reports, label, *, verdict="range", source="simulated", lines=("one", "two", "three", "four"), **more):
    """A week as an older or a foreign hand may have written it."""
    directory = reports / label
    directory.mkdir(parents=True, exist_ok=True)
    sentences = [{"id": f"S{n}", "rule": "r", "text": text, "evidence": []} for n, text in enumerate(lines)]
    content = {
        "week": label, "source": source, "is_simulated": source == "simulated",
        "regime": {"verdict": verdict, "states": {"leverage": "reset", "macro": None}},
        "sections": [{"id": "headline", "sentences": sentences}],
    } | more  # fmt: skip
    (directory / "summary.json").write_text(json.dumps(content))
    (directory / "index.html").write_text("<!doctype html>")
    return directory


def archived(reports, *labels, at=FIRST):
    write_archive(reports, [Week.parse(label) for label in labels], AS_OF, at)
    return {name: (reports / name).read_bytes() for name in ("index.html", "feed.atom", "feed.json", "chain.jsonl")}


class Seen(HTMLParser):
    """The elements of a page, its texts and links."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.links = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.text += data


def test_the_weeks_stand_newest_first_with_verdict_lines_and_links(tmp_path):
    for label, verdict in (("2025-W52", "range"), ("2026-W01", "recovery"), ("2025-W47", "capitulation")):
        a_page(tmp_path, label, verdict=verdict)
    (tmp_path / "2026-W01" / "index.ja.html").write_text("")
    page = archived(tmp_path, "2025-W47", "2025-W52", "2026-W01")["index.html"].decode()
    seen = Seen(page)
    weeks = [link for link in seen.links if link.endswith("/index.html")]
    assert weeks == [f"{label}/index.html" for label in ("2026-W01", "2025-W52", "2025-W47")] * 2
    assert "2026-W01/index.ja.html" in seen.links and "2025-W52/index.ja.html" not in seen.links
    assert re.search(r"2026-W01.*recovery.*2025-W52.*range.*2025-W47.*capitulation", seen.text, re.DOTALL)
    assert "three" in seen.text and "four" not in seen.text and "SIMULATED MARKET" in seen.text
    for link in seen.links:
        assert (tmp_path / link).is_file(), link


def test_the_page_has_no_script_and_its_policy_allows_its_own_style_only(tmp_path):
    a_page(tmp_path, "2025-W47")
    page = archived(tmp_path, "2025-W47")["index.html"].decode()
    assert "script" not in Seen(page).tags and " style=" not in page and "http" not in "".join(Seen(page).links)
    assert re.search(
        r"default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'",
        page.replace("&#39;", "'"),
    )


def test_real_data_is_not_called_simulated_and_what_cannot_be_read_is(tmp_path):
    a_page(tmp_path, "2025-W47", source="replay")
    told = archived(tmp_path, "2025-W47")
    assert all(b"SIMULATED" not in content for content in told.values())
    (tmp_path / "2025-W46").mkdir()
    (tmp_path / "2025-W46" / "summary.json").write_text("{")
    told = archived(tmp_path, "2025-W46")
    assert b"cannot be read" in told["index.html"] and b"SIMULATED" in told["index.html"]


def test_a_hostile_name_is_text_in_every_format(tmp_path):
    a_page(tmp_path, "2025-W47", verdict=ATTACK, source=ATTACK, is_simulated=True, lines=[ATTACK, "x" * 10_000],
           regime={"verdict": ATTACK, "states": {ATTACK: ATTACK}})  # fmt: skip
    told = archived(tmp_path, "2025-W47")
    page, atom = told["index.html"].decode(), told["feed.atom"].decode()
    assert "script" not in Seen(page).tags and "<script" not in page and "<script" not in atom
    assert "alert(1)" in Seen(page).text
    for text in (page, atom, told["feed.json"].decode()):
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", text) and len(text) < 40_000
    entry = ET.fromstring(told["feed.atom"]).find(f"{ATOM}entry")
    content = entry.find(f"{ATOM}content").text
    assert Seen(content).tags == ["p", "strong", "ul", "li", "li"] and "<script>alert(1)" in Seen(content).text
    assert entry.find(f"{ATOM}summary").text.startswith("<script>")
    item = json.loads(told["feed.json"])["items"][0]
    assert "script" not in Seen(item["content_html"]).tags
    assert json.loads(told["chain.jsonl"])["verdict"] == ATTACK  # the chain keeps what was published, in ASCII


@pytest.mark.parametrize("odd", ["[]", "null", "{}", '{"regime": 1, "sections": {}}', "[" * 100_000,
                                 '{"sections": [1, {"id": "headline", "sentences": [1, {"text": 2}]}]}'])  # fmt: skip
def test_an_edited_page_never_stops_the_archive(tmp_path, odd):
    a_page(tmp_path, "2025-W46")
    (a_page(tmp_path, "2025-W47") / "summary.json").write_text(odd)
    (tmp_path / "2025-W99").mkdir()
    (tmp_path / "notes").mkdir()
    assert b"2025-W47" in archived(tmp_path, "2025-W47")["index.html"]
    assert [week.label for week in published_weeks(tmp_path)] == ["2025-W46", "2025-W47"]


def test_atom_has_what_the_standard_asks_for(tmp_path):
    for label in ("2025-W46", "2025-W47"):
        a_page(tmp_path, label)
    feed = ET.fromstring(archived(tmp_path, "2025-W46", "2025-W47")["feed.atom"])
    ids = [e.text for e in feed.iter(f"{ATOM}id")]
    assert len(set(ids)) == 3 and all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", i) for i in ids)
    assert feed.find(f"{ATOM}author/{ATOM}name").text and feed.find(f"{ATOM}title").text
    for entry in [feed, *feed.findall(f"{ATOM}entry")]:
        updated = entry.find(f"{ATOM}updated").text
        assert datetime.fromisoformat(updated) == FIRST
        assert not any("://" in link.get("href") for link in entry.findall(f"{ATOM}link"))
    assert [e.find(f"{ATOM}link").get("href") for e in feed.findall(f"{ATOM}entry")] == [
        "2025-W47/index.html", "2025-W46/index.html"]  # fmt: skip


def test_the_json_feed_is_of_version_1_1(tmp_path):
    a_page(tmp_path, "2025-W47")
    feed = json.loads(archived(tmp_path, "2025-W47")["feed.json"])
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["title"].startswith("[SIMULATED")
    (item,) = feed["items"]
    assert {"id", "url", "content_html", "date_published", "date_modified"} <= item.keys()
    assert item["_regime"] == {"week": "2025-W47", "verdict": "range", "states": {"leverage": "reset", "macro": None},
                               "is_simulated": True, "summary_url": "2025-W47/summary.json"}  # fmt: skip


def test_unchanged_weeks_change_no_byte_and_a_revised_one_keeps_its_id(tmp_path):
    for label in ("2025-W46", "2025-W47"):
        a_page(tmp_path, label)
    before = archived(tmp_path, "2025-W46", "2025-W47")
    touched = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert archived(tmp_path, "2025-W46", "2025-W47", at=LATER) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == touched
    a_page(tmp_path, "2025-W46", verdict="risk_on")
    after = archived(tmp_path, "2025-W46", "2025-W47", at=LATER)
    items = [json.loads(told["feed.json"])["items"] for told in (before, after)]
    assert [i["id"] for i in items[0]] == [i["id"] for i in items[1]]
    assert [i["date_modified"] for i in items[1]] == ["2025-11-24T08:00:00Z", "2025-11-25T08:00:00Z"]
    assert [i["date_published"] for i in items[1]] == ["2025-11-24T08:00:00Z"] * 2


@pytest.mark.parametrize("name", sorted(MARTS))
def test_real_summaries_fit_the_published_schema(tmp_path, name):
    con = MARTS[name]()
    source = "replay" if name == "null" else "simulated"
    write_week(con, Week(WEEK), tmp_path / "2025-W47", source, source == "simulated")
    archived(tmp_path, "2025-W47")
    schema = json.loads((tmp_path / SCHEMA).read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    summary = json.loads((tmp_path / "2025-W47" / "summary.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(summary)
    assert (tmp_path / "2025-W47" / summary["$schema"]).resolve() == (tmp_path / SCHEMA).resolve()
    known = con.execute("select verdict from marts.regime_weekly").fetchall()
    assert (summary["regime"]["verdict"] is None) == (not known)
    con.close()


@pytest.mark.parametrize("member, value", [("regime", None), ("is_simulated", False), ("week", "2025-47"),
                                           ("source", "invented"), ("sections", [])])  # fmt: skip
def test_the_schema_refuses_what_is_no_summary(tmp_path, member, value):
    with plausible_marts() as con:
        write_week(con, Week(WEEK), tmp_path / "2025-W47", "simulated", True)
    summary = json.loads((tmp_path / "2025-W47" / "summary.json").read_bytes()) | {member: value}
    schema = json.loads((CHECKOUT / "report" / "archive" / SCHEMA).read_bytes())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(summary, schema)


def test_the_verdict_and_states_are_the_marts(tmp_path):
    with plausible_marts() as con:
        write_week(con, Week(WEEK), tmp_path / "2025-W47", "simulated", True)
        names = ("leverage", "funding", "flow", "volatility", "correlation", "breadth", "macro")
        row = con.execute(
            f"select verdict, {', '.join(f'{n}_state' for n in names)} from marts.regime_weekly"
        ).fetchone()
    regime = json.loads((tmp_path / "2025-W47" / "summary.json").read_bytes())["regime"]
    assert (regime["verdict"], regime["states"]) == (row[0], dict(zip(names, row[1:], strict=True)))


def test_a_summary_of_an_older_version_still_tells_its_verdict(tmp_path):
    with plausible_marts() as con:
        write_week(con, Week(WEEK), tmp_path / "2025-W47", "simulated", True)
    path = tmp_path / "2025-W47" / "summary.json"
    now = published_weeks(tmp_path)[0]
    summary = json.loads(path.read_bytes())
    evidence = [{"table": "regime_weekly", "column": "verdict", "value": "deleveraging"}]
    evidence += [
        {"table": "regime_weekly", "column": f"{name}_state", "value": state}
        for name, state in summary["regime"]["states"].items()
        if state is not None
    ]
    lines = {"id": "headline", "sentences": [{"text": "Regime: deleveraging.", "evidence": evidence}]}
    summary["sections"].insert(0, lines)
    del summary["regime"], summary["$schema"], summary["note"]
    path.write_text(json.dumps(summary))
    then = published_weeks(tmp_path)[0]
    assert then.verdict == now.verdict == "deleveraging"
    assert dict(then.states) == {name: state for name, state in now.states if state is not None}


def test_every_word_of_the_desk_has_its_colour():
    seeds = CHECKOUT / "dbt_project" / "seeds"
    rules = [line.split(",")[1:3] for line in (seeds / "regime_rules.csv").read_text().splitlines()[1:]]
    assert {state: int(level) for state, level in rules} == LEVELS
    verdicts = {line.split(",")[1] for line in (seeds / "regime_verdicts.csv").read_text().splitlines()[1:]}
    assert verdicts == VERDICT_LEVELS.keys()


def test_the_archive_follows_from_pages_and_chain_alone(tmp_path):
    a_page(tmp_path, "2025-W47")
    told = archived(tmp_path, "2025-W47")
    assert {name: content for name, content in files(tmp_path).items() if name in told} == {
        name: content for name, content in told.items() if name != "chain.jsonl"
    }
