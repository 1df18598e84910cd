"""Alerts: once each, to a file and a webhook, with their evidence, whatever dies in between."""

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from dagster import DagsterInstance, SkipReason, build_sensor_context

from alerts import outbox, webhook
from alerts.outbox import TRIES, WAITS, AlertError, deliver
from ingestion.secrets import WEBHOOK_URL
from orchestration.sensors import regime_alerts
from tests.unit.alerts.webhook_server import serving
from warehouse.home import CHECKOUT, Home
from warehouse.source import SourceError
from warehouse.week import Week

W45, W46, W47, W48 = (date(2025, 11, 3) + timedelta(weeks=n) for n in range(4))
START = datetime(2025, 11, 24, 8, tzinfo=UTC)
RULES = [
    ("btc_100k", "btc_price_usd", "crosses", 100_000, "Bitcoin crossed 100 thousand dollars", "info"),
    ("funding_negative", "btc_funding_annualised_pct", "below", 0, "Bitcoin funding turned negative", "warning"),
    ("rv_high", "btc_rv_7d_daily_pct", "above", 50, "Volatility is high", "warning"),
]
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 10


class Desk:
    """A home with hand-made published marts, and a clock that the test moves."""

    def __init__(self, path, kind="simulated"):
        self.home = Home(path)
        self.home.claim(kind, market="tiny" if kind == "simulated" else None)
        self.kind, self.number, self.now = kind, 0, START

    def publish(self, verdicts, values=(), rules=RULES, pages=None):
        """A version in which `verdicts` are (week, verdict, previous) and `values` (week, metric, value, previous)."""
        self.number += 1
        version = self.home.published / str(self.number)
        version.mkdir()
        with duckdb.connect(str(version / "warehouse.duckdb")) as con:
            con.execute("create schema marts; create schema seeds; create schema raw")
            con.execute("create table raw.publications (publication_id bigint, source text, is_simulated boolean)")
            con.execute("insert into raw.publications values (?, ?, ?)",
                        [self.number, self.kind, self.kind == "simulated"])  # fmt: skip
            con.execute("create table marts.regime_weekly (week_start date, verdict text, previous_verdict text)")
            con.execute("create table marts.headlines_weekly (week_start date, metric_id text, value double, "
                        "previous_value double, unit text, name text)")  # fmt: skip
            con.execute("create table seeds.alert_rules (alert_id text, metric_id text, comparison text, "
                        "threshold double, text text, severity text)")  # fmt: skip
            for row in verdicts:
                con.execute("insert into marts.regime_weekly values (?, ?, ?)", list(row))
            for row in values:
                con.execute(
                    "insert into marts.headlines_weekly values (?, ?, ?, ?, 'percent a year', 'name')", list(row)
                )
            for row in rules:
                con.execute("insert into seeds.alert_rules values (?, ?, ?, ?, ?, ?)", list(row))
        for week in pages if pages is not None else [row[0] for row in verdicts]:
            charts = version / "reports" / Week(week).label / "charts"
            charts.mkdir(parents=True)
            (charts / "regime_timeline.png").write_bytes(PNG)
        (version / "reports" / "index.html").write_text("the archive is no week")
        self.home.current.unlink(missing_ok=True)
        self.home.current.symlink_to(f"published/{self.number}")
        if not self.home.reports.is_symlink():
            self.home.reports.symlink_to("current/reports")

    def tick(self, **later):
        self.now += timedelta(**later)
        return deliver(self.home, lambda: self.now)

    @property
    def filed(self):
        path = self.home.path / "alerts" / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def told(self):
        return [(line["week"], line["kind"], line["name"]) for line in self.filed]

    def events(self, kind):
        lines = (self.home.path / "alerts" / "ledger.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.delenv(WEBHOOK_URL, raising=False)
    return Desk(tmp_path / "home")


@pytest.fixture
def hook(monkeypatch):
    with serving() as server:
        monkeypatch.setenv(WEBHOOK_URL, server.url())
        yield server


CHANGED = [(W46, "range", "range"), (W47, "deleveraging", "range")]


def test_a_change_is_told_once_with_its_evidence(desk, hook):
    desk.publish(CHANGED)
    assert desk.tick().delivered == 1
    assert desk.told == [("2025-W47", "verdict", "range>deleveraging")]
    (alert,) = desk.filed
    assert alert["is_simulated"] is True and alert["picture"] == "reports/2025-W47/charts/regime_timeline.png"
    assert (desk.home.path / alert["picture"]).read_bytes() == PNG
    with duckdb.connect(str(desk.home.current / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute(alert["sql"]).fetchall() == [("deleveraging", "range")]
    assert [told["value"] for told in alert["evidence"]] == ["deleveraging", "range"]
    (request,) = hook.received
    for words in (
        "SIMULATED",
        "2025-W47",
        "from range to deleveraging",
        "marts.regime_weekly",
        alert["sql"],
        alert["id"],
    ):
        assert words in request.text
    assert request.headers["Idempotency-Key"] == alert["id"]
    for _ in range(3):
        assert desk.tick(hours=1).delivered == 0
    desk.publish(CHANGED)  # the same week, published again
    assert desk.tick(hours=1).delivered == 0
    assert len(hook.received) == len(desk.filed) == 1


@pytest.mark.parametrize(
    "metric, before, value, told",
    [
        ("btc_price_usd", 99_000, 101_000, ["btc_100k:above"]),
        ("btc_price_usd", 101_000, 99_000, ["btc_100k:below"]),
        ("btc_price_usd", 100_000, 100_001, ["btc_100k:above"]),
        ("btc_price_usd", 99_000, 100_000, []),
        ("btc_price_usd", 101_000, 102_000, []),
        ("btc_price_usd", None, 101_000, []),
        ("btc_price_usd", 99_000, float("nan"), []),
        ("btc_funding_annualised_pct", 1, -1, ["funding_negative:below"]),
        ("btc_funding_annualised_pct", -1, 1, []),
        ("btc_rv_7d_daily_pct", 49.9, 50.1, ["rv_high:above"]),
        ("btc_rv_7d_daily_pct", 50.1, 49.9, []),
        ("another", -1, 1e9, []),
    ],
)
def test_a_threshold_is_told_in_the_week_it_is_crossed(desk, metric, before, value, told):
    desk.publish([(W47, "range", "range")], [(W47, metric, value, before)])
    desk.tick()
    assert [line["name"] for line in desk.filed] == told
    for line in desk.filed:
        with duckdb.connect(str(desk.home.current / "warehouse.duckdb"), read_only=True) as con:
            assert con.execute(line["sql"]).fetchall() == [(value, before)]
        assert line["severity"] in ("info", "warning")


def test_of_a_history_only_the_newest_week_is_told(desk, hook):
    changes = [(W45, "risk_off", "range"), (W46, "range", "risk_off"), (W47, "risk_on", "range")]
    values = [(week, "btc_price_usd", 101_000, 99_000) for week in (W45, W46, W47)]
    desk.publish(changes, values)
    desk.tick()
    assert {week for week, _, _ in desk.told} == {"2025-W47"} and len(hook.received) == 2
    assert {event["week"] for event in desk.events("known")} == {"2025-W45", "2025-W46"}
    assert desk.tick().delivered == 0


def test_every_new_week_is_told_and_a_backfill_of_older_ones_is_history(desk):
    desk.publish([(W46, "range", "risk_off")], pages=[W46])
    desk.tick()
    desk.publish([(W45, "risk_off", "range"), (W46, "range", "risk_off"), (W47, "risk_on", "range"),
                  (W48, "range", "risk_on")])  # fmt: skip
    desk.tick()
    assert desk.told == [
        ("2025-W46", "verdict", "risk_off>range"),
        ("2025-W47", "verdict", "range>risk_on"),
        ("2025-W48", "verdict", "risk_on>range"),
    ]
    assert desk.tick().delivered == 0


def test_a_revision_that_changes_a_week_that_was_told_is_told(desk):
    desk.publish([(W46, "range", "range"), (W47, "range", "range")])
    assert desk.tick().delivered == 0
    desk.publish([(W46, "risk_off", "range"), (W47, "range", "risk_off")])
    assert desk.tick().delivered == 2
    desk.publish([(W46, "range", "range"), (W47, "range", "range")])  # as after a rollback
    assert desk.tick().delivered == 0
    desk.publish([(W46, "risk_off", "range"), (W47, "range", "risk_off")])
    assert desk.tick().delivered == 0


def test_weeks_without_a_page_are_not_told(desk):
    desk.publish([(W46, "range", "range"), (W47, "risk_on", "range")], pages=[W46])
    assert desk.tick().delivered == 0 and desk.told == []


def test_a_home_without_a_publication_or_of_an_older_version(desk):
    assert desk.tick().words == "nothing is published yet"
    desk.publish(CHANGED)
    path = desk.home.current / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("drop schema seeds cascade; drop table marts.headlines_weekly")
    assert desk.tick().delivered == 1


class Died(BaseException):
    """The process is killed here."""


def dies(*args, **kwargs):
    raise Died


def test_killed_before_it_was_sent(desk, hook, monkeypatch):
    desk.publish(CHANGED)
    with monkeypatch.context() as patch:
        patch.setattr(webhook, "send", dies)
        with pytest.raises(Died):
            desk.tick()
    assert len(desk.events("pending")) == 1 and desk.events("sent") == [] and hook.received == []
    assert desk.tick().delivered == 1
    assert (
        len(hook.received) == 1
        and len(desk.filed) == 1
        and hook.received[0].headers["Idempotency-Key"] == desk.filed[0]["id"]
    )


def test_killed_after_it_was_sent_and_before_that_was_noted(desk, hook, monkeypatch):
    desk.publish(CHANGED)
    sending = webhook.send

    def sends_and_dies(*args):
        sending(*args)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(webhook, "send", sends_and_dies)
        with pytest.raises(Died):
            desk.tick()
    desk.publish([*CHANGED[:1], (W47, "risk_off", "range")])  # the message stays what it was
    desk.tick()
    first, again = hook.received[:2]
    assert first.text == again.text and first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert [name for _, _, name in desk.told] == ["range>deleveraging", "range>risk_off"]  # the file has each once


@pytest.mark.parametrize("cut", [1, 10, 200])
@pytest.mark.parametrize("name", ["ledger.jsonl", "alerts.jsonl"])
def test_a_line_that_a_kill_left_unfinished(desk, hook, name, cut):
    desk.publish(CHANGED)
    desk.tick()
    path = desk.home.path / "alerts" / name
    path.write_bytes(path.read_bytes()[:-cut])
    desk.tick()
    assert desk.told.count(("2025-W47", "verdict", "range>deleveraging")) <= 1
    assert all(json.loads(line) for line in path.read_text().splitlines())
    if name == "ledger.jsonl":
        assert len(desk.filed) == 1 and desk.events("sent")


def test_killed_at_every_write(desk, hook, monkeypatch):
    """Whichever append is the last one that reaches the disk, in the end all is told, and the file has each once."""
    values = [(W47, "btc_price_usd", 99_000, 101_000), (W47, "btc_rv_7d_daily_pct", 51, 49)]
    desk.publish([(W45, "risk_on", "range"), (W46, "range", "risk_on"), (W47, "deleveraging", "range")], values)
    append = outbox._append
    for last in range(12):
        shutil.rmtree(desk.home.path / "alerts", ignore_errors=True)
        writes = iter(range(last))

        def dying(path, lines, writes=writes):
            if next(writes, None) is None:
                raise Died
            append(path, lines)

        with monkeypatch.context() as patch:
            patch.setattr(outbox, "_append", dying)
            with pytest.raises(Died):
                desk.tick()
        hook.received.clear()
        desk.tick()
        assert sorted(desk.told) == [
            ("2025-W47", "threshold", "btc_100k:below"),
            ("2025-W47", "threshold", "rv_high:above"),
            ("2025-W47", "verdict", "range>deleveraging"),
        ], last
        assert len(hook.received) <= 3 and desk.tick().waiting == 0


def test_a_server_that_fails_and_recovers(desk, hook):
    hook.statuses = [500, 503, 200]
    desk.publish(CHANGED)
    outcome = desk.tick()
    assert outcome.delivered == 0 and outcome.waiting == 1 and "answered 500 (try 1 of" in outcome.problems[0]
    assert len(desk.filed) == 1  # the file does not wait for the webhook
    assert desk.tick().waiting == 1 and len(hook.received) == 2  # at the next tick
    assert desk.tick(seconds=30).waiting == 1 and len(hook.received) == 2  # then it waits
    assert desk.tick(seconds=40).delivered == 1
    assert len(desk.filed) == 1 and len({request.text for request in hook.received}) == 1


def test_a_webhook_that_never_answers_well_is_given_up_and_blocks_nobody(desk, hook, monkeypatch):
    desk.publish([(W47, "deleveraging", "range")], [(W47, "btc_price_usd", 99_000, 101_000)])
    sending = webhook.send
    monkeypatch.setattr(
        webhook,
        "send",
        lambda url, alert, picture: webhook.Failure("no") if alert.kind == "verdict" else sending(url, alert, picture),
    )
    assert desk.tick().delivered == 1 and len(hook.received) == 1
    problems = []
    for wait in WAITS:
        problems += desk.tick(seconds=wait.total_seconds()).problems
    assert len(desk.events("failed")) == TRIES - 1 and "is given up after 9 tries: no" in problems[-1]
    assert desk.tick(days=2) == outbox.Outcome() and len(desk.events("given_up")) == 1
    assert len(desk.filed) == 2


def test_dying_with_each_try_ends_too(desk, hook, monkeypatch):
    desk.publish(CHANGED)
    with monkeypatch.context() as patch:
        patch.setattr(webhook, "send", dies)
        for _ in range(TRIES):
            with pytest.raises(Died):
                desk.tick()
        assert "given up" in desk.tick().problems[0]
    assert desk.tick().waiting == 0 and hook.received == []


def test_the_webhook_says_how_long_to_wait(desk, hook):
    hook.statuses, hook.headers = [429, 200], {"Retry-After": "90"}
    desk.publish(CHANGED)
    desk.tick()
    assert desk.tick(seconds=60).delivered == 0 and desk.tick(seconds=31).delivered == 1


def test_a_webhook_that_is_set_later_gets_only_what_is_new(desk, monkeypatch):
    desk.publish(CHANGED)
    assert desk.tick().delivered == 1
    with serving() as server:
        monkeypatch.setenv(WEBHOOK_URL, server.url())
        assert desk.tick().delivered == 0
        desk.publish([*CHANGED, (W48, "range", "deleveraging")])
        assert desk.tick().delivered == 1 and len(server.received) == 1


def test_an_address_that_is_none_costs_the_webhook_and_not_the_file(desk, monkeypatch):
    monkeypatch.setenv(WEBHOOK_URL, "ftp://secretsecretsecret.example/path")
    desk.publish(CHANGED)
    outcome = desk.tick()
    assert "set it anew, or unset it" in outcome.problems[0] and "secretsecret" not in str(outcome)
    assert len(desk.filed) == 1 and outcome.waiting == 1
    monkeypatch.delenv(WEBHOOK_URL)
    assert desk.tick().waiting == 0


def test_a_new_process_with_nothing_but_the_home_tells_nothing_twice(desk, hook):
    desk.publish(CHANGED)
    desk.tick()
    desk.publish([*CHANGED, (W48, "range", "deleveraging")])
    code = (
        "import sys; from pathlib import Path; from warehouse.home import Home; from alerts.outbox import deliver;"
        "print(deliver(Home(Path(sys.argv[1]))).words)"
    )
    for expected in ("1 delivered, 0 waiting", "0 delivered, 0 waiting"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(desk.home.path)], cwd=CHECKOUT, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        )  # fmt: skip
        assert done.stdout.strip() == expected
        assert "secretsecret" not in done.stdout + done.stderr
    assert len(hook.received) == 2


def test_killed_while_the_webhook_has_not_answered(desk, hook):
    """A real kill -9, in the moment in which nobody can know whether the message got through."""
    desk.publish(CHANGED)
    hook.may_answer.clear()
    code = "import sys; from pathlib import Path; from warehouse.home import Home; from alerts.outbox import deliver;"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{code} deliver(Home(Path(sys.argv[1])))", str(desk.home.path)],
        cwd=CHECKOUT, env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    while not hook.received:
        time.sleep(0.02)
        assert child.poll() is None
    child.kill()
    child.wait()
    hook.may_answer.set()
    assert desk.events("sent") == [] and len(desk.filed) == 1
    assert desk.tick().delivered == 1 and len(desk.filed) == 1
    first, again = hook.received
    assert first.text == again.text and first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]


def test_an_answer_that_never_ends_has_its_time(desk, monkeypatch):
    monkeypatch.setattr(webhook, "DEADLINE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for n in range(100):
                    connection.sendall(f"X-{n}: 1\r\n".encode())
                    time.sleep(0.1)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        monkeypatch.setenv(WEBHOOK_URL, f"http://127.0.0.1:{server.getsockname()[1]}/secretsecretsecret")
        desk.publish(CHANGED)
        began = time.monotonic()
        outcome = desk.tick()
        assert time.monotonic() - began < 5 and outcome.waiting == 1 and outcome.delivered == 0
        thread.join()


def test_two_processes_at_once_tell_once(desk, hook):
    desk.publish(CHANGED)
    (desk.home.path / "alerts").mkdir()
    with outbox._alone(desk.home.path / "alerts") as is_alone:
        assert is_alone and desk.tick().words == "another process is delivering"
    assert desk.tick().delivered == 1


def test_a_damaged_ledger_is_an_error_that_says_what_to_do(desk, hook):
    desk.publish(CHANGED)
    desk.tick()
    path = desk.home.path / "alerts" / "ledger.jsonl"
    path.write_text("what?\n" + path.read_text())
    with pytest.raises(AlertError, match=r"line 1 of .*ledger.jsonl is damaged.*restore the file, or move it away"):
        desk.tick()
    path.unlink()
    desk.tick()
    assert len(desk.filed) == 1  # the file knows its own


def test_the_secret_is_nowhere(desk, hook, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    hook.statuses = [500, 302, 200]
    hook.headers = {"Location": hook.url("/elsewhere")}
    desk.publish(CHANGED)
    outcomes = [desk.tick(minutes=1), desk.tick(minutes=1)]
    monkeypatch.setenv(WEBHOOK_URL, "http://127.0.0.1:9/services/T000/B000/secretsecretsecret")  # nobody is there
    outcomes.append(desk.tick(minutes=1))
    monkeypatch.setenv(WEBHOOK_URL, f"{hook.url()}\x7f")
    outcomes.append(desk.tick(hours=1))
    monkeypatch.setenv(WEBHOOK_URL, hook.url())
    outcomes.append(desk.tick(hours=1))
    assert outcomes[-1].delivered == 1 and all(request.path.startswith("/services") for request in hook.received)
    written = "".join(path.read_text() for path in (desk.home.path / "alerts").iterdir())
    for text in (str(outcomes), written, caplog.text):
        assert "secretsecret" not in text and "T000" not in text


def test_slack_gets_text(desk, hook):
    desk.publish(CHANGED)
    desk.tick()
    (request,) = hook.received
    assert request.parts.keys() == {"json"} and request.parts["json"]["text"].startswith("SIMULATED")
    assert request.parts["json"]["mrkdwn"] is False and "content" not in request.parts["json"]


def test_discord_gets_content_and_the_picture(desk, hook, monkeypatch):
    monkeypatch.setenv(WEBHOOK_URL, hook.url("/api/webhooks/123456/secretsecretsecret"))
    hook.statuses = [204]
    desk.publish(CHANGED)
    assert desk.tick().delivered == 1
    (request,) = hook.received
    assert request.parts["files[0]"] == PNG
    payload = request.parts["json"]
    assert payload["allowed_mentions"] == {"parse": []} and "text" not in payload
    assert payload["content"].startswith("SIMULATED") and "from range to deleveraging" in payload["content"]


def test_discord_without_a_picture(desk, hook, monkeypatch):
    monkeypatch.setenv(WEBHOOK_URL, hook.url("/api/webhooks/123456/secretsecretsecret"))
    desk.publish(CHANGED)
    (desk.home.current / "reports" / "2025-W47" / "charts" / "regime_timeline.png").unlink()
    assert desk.tick().delivered == 1 and desk.filed[0]["picture"] is None
    assert hook.received[0].parts.keys() == {"json"} and "attachments" not in hook.received[0].parts["json"]


@pytest.mark.parametrize(
    "path, is_discord",
    [
        ("/api/webhooks/1/t", True),
        ("/proxy/api/webhooks/1/t/", True),
        ("/services/T/B/x", False),
        ("/api/webhooks/1/t/slack", False),
    ],
)
def test_the_address_says_whose_payload_it_takes(path, is_discord):
    assert webhook.is_discord(f"https://chat.example{path}") is is_discord


@pytest.mark.parametrize("path", ["/services/T000/B000/secretsecretsecret", "/api/webhooks/1/secretsecretsecret"])
def test_hostile_names_call_nobody_and_break_nothing(desk, hook, monkeypatch, path):
    monkeypatch.setenv(WEBHOOK_URL, hook.url(path))
    name = (
        "<!channel> <script>@everyone @here <@U123> \u202e\x1b[31m[x](https://evil.example) ```a``` '; drop table x --"
        + "Z" * 9000
    )
    rule = ("x", "btc_price_usd", "above", 1, name, name)
    desk.publish([(W47, name, "@everyone")], [(W47, "btc_price_usd", 2, 0)], [rule])
    assert desk.tick().delivered == 2
    for request in hook.received:
        assert (
            "@everyone" not in request.text
            and "@here" not in request.text
            and "<" not in request.text.replace("\\<", "")
        )
        assert "\x1b" not in request.text and "\u202e" not in request.text and len(request.text) <= 2000
        assert "```" not in request.text or "api" not in path
        assert path.startswith("/services") or "://" not in request.text
    with duckdb.connect(str(desk.home.current / "warehouse.duckdb"), read_only=True) as con:
        assert all(con.execute(line["sql"]).fetchall() for line in desk.filed)


def test_real_data_is_not_called_simulated(tmp_path, monkeypatch, hook):
    desk = Desk(tmp_path / "live", kind="live")
    desk.publish(CHANGED)
    desk.tick()
    assert desk.filed[0]["is_simulated"] is False and "SIMULATED" not in hook.received[0].text
    assert "live data" in hook.received[0].text


def test_the_sensor_tells_and_asks_for_no_run(desk, hook):
    desk.publish(CHANGED)
    sensor = regime_alerts(desk.home, is_live=False)
    for words in ("1 delivered, 0 waiting", "0 delivered, 0 waiting"):
        with DagsterInstance.ephemeral() as instance:  # each time another one: nothing depends on its memory
            result = sensor(build_sensor_context(instance=instance))
        assert isinstance(result, SkipReason) and result.skip_message == words
    assert len(hook.received) == 1


def test_what_goes_wrong_shows_in_the_sensor_without_the_secret(desk, hook, monkeypatch):
    hook.statuses = [500]
    desk.publish(CHANGED)
    sensor = regime_alerts(desk.home, is_live=False)
    with build_sensor_context() as context:
        assert "answered 500" in sensor(context).skip_message

    def leaks(home):
        raise SourceError(f"cannot reach {hook.url()}")

    monkeypatch.setattr("orchestration.sensors.deliver", leaks)
    with build_sensor_context() as context, pytest.raises(RuntimeError, match="cannot reach") as told:
        sensor(context)
    assert "secretsecret" not in str(told.value)
