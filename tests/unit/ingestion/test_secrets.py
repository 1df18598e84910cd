"""Secrets come from the environment and go where they must, and nowhere else."""

import logging

import pytest

from ingestion import secrets
from ingestion.http.fetch import Malformed, in_ledger
from ingestion.secrets import BLANK, COINGECKO_API_KEY, WEBHOOK_URL, Redaction, SecretError

KEY = "CG-k3y/with+signs=="
HOOK = "https://hooks.example.com/services/T000/B000/abcdefghijkl?token=zyxwvuts"


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv(COINGECKO_API_KEY, KEY)
    monkeypatch.setenv(WEBHOOK_URL, HOOK)


@pytest.mark.parametrize(
    "form",
    [KEY, KEY.lower(), "CG-k3y%2Fwith%2Bsigns%3D%3D", HOOK, "services/T000/B000/abcdefghijkl", "token=zyxwvuts"],
)
def test_every_form_of_a_secret_is_blanked(form):
    told = secrets.redact(f"GET https://x/?key={form}&a=1 failed")
    assert form not in told and BLANK in told and told.endswith("failed")


def test_a_text_without_secrets_stays_as_it_is(monkeypatch):
    assert secrets.redact("api.coingecko.com said 429") == "api.coingecko.com said 429"
    monkeypatch.delenv(COINGECKO_API_KEY)
    monkeypatch.delenv(WEBHOOK_URL)
    assert secrets.redact(KEY) == KEY and secrets.secret(COINGECKO_API_KEY) is None


def test_a_reason_in_the_ledger_tells_no_secret():
    assert KEY not in in_ledger(Malformed(f"sent {KEY!r} \x1b[31m\n back")) and "\x1b" not in in_ledger(
        Malformed("\x1b")
    )


@pytest.mark.parametrize("value", ["short", "with a\nbreak in it", "schlüssel-schlüssel"])
def test_a_secret_that_cannot_be_sent_is_refused_without_being_told(monkeypatch, value):
    monkeypatch.setenv(COINGECKO_API_KEY, value)
    with pytest.raises(SecretError) as refused:
        secrets.check()
    assert COINGECKO_API_KEY in str(refused.value) and value not in str(refused.value)


def test_an_error_that_tells_a_secret_is_replaced_with_its_causes():
    with pytest.raises(RuntimeError) as caught, secrets.kept_from_errors():
        try:
            raise ValueError(f"asked with {KEY}")
        except ValueError as error:
            raise KeyError("unforeseen") from error
    assert caught.value.__cause__ is None and KEY not in str(caught.value) and "unforeseen" in str(caught.value)
    with pytest.raises(KeyError), secrets.kept_from_errors():
        raise KeyError("nothing told")


def test_logs_are_blanked_with_arguments_and_traces(caplog):
    handler = caplog.handler
    handler.addFilter(Redaction())
    try:
        try:
            raise ValueError(KEY)
        except ValueError:
            logging.getLogger("any.library").exception("asked %s with %s", "https://x", KEY)
    finally:
        handler.filters.clear()
    assert KEY not in caplog.text and BLANK in caplog.text


def test_children_that_need_no_secret_inherit_none():
    assert not {COINGECKO_API_KEY, WEBHOOK_URL} & set(secrets.without_secrets())
