"""What errors mean, by their words: services say the same in many ways."""

import pytest

from ingestion.http.errors import ErrorRule, failure
from ingestion.http.fetch import NotOffered, OutOfRange, Refused, Unreachable

SAID = [
    ("from time exceeds 180-day limit", OutOfRange),
    ("Candlestick too long ago. Maximum 10000 points ago are allowed", OutOfRange),
    ("Candlestick range too broad. Maximum 2000 data points are allowed per request", OutOfRange),
    ("granularity too small for the requested time range. Count of aggregations requested exceeds 300", OutOfRange),
    ("startTime and endTime interval cannot be greater than 90 days", OutOfRange),
    ("The requested range must be within the last 730 days.", OutOfRange),
    ("start time is earlier than what is kept", OutOfRange),
    ("Your request exceeds the allowed time range.", OutOfRange),
    ("Invalid symbol.", NotOffered),
    ("Symbol Is Invalid", NotOffered),
    ("contract not found", NotOffered),
    ("Instrument ID, Instrument ID code or Spread ID doesn't exist.", NotOffered),
    ("unknown pair", NotOffered),
    ("Parameter begin error", Refused),
    ("params error: intervalTime invalid", Refused),
    ("Argument invalid: symbol", Refused),
    ("Missing parameter vs_currency", Refused),
    ("Invalid request parameter `limit` value: 1001", Refused),
    ("Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.", Refused),
]


@pytest.mark.parametrize(("words", "error"), SAID)
def test_an_error_is_known_by_its_words_wherever_they_stand(words, error):
    for parsed in ({"code": -1, "msg": words}, {"message": words}, {"error": words}, {"errors": [{"message": words}]}):
        assert type(failure(400, {}, "", parsed, (), "x")) is error
    assert type(failure(400, {}, words, None, (), "x")) is error


def test_what_looks_like_an_answer_is_none_unless_its_service_says_so():
    busy = ErrorRule("retry", ("7",))
    assert failure(200, {}, "", {"code": "0", "msg": "symbol invalid"}, (busy,), "x") is None
    assert failure(200, {}, "", [{"code": "7"}], (busy,), "x") is None  # rows are no error, whatever they hold
    assert isinstance(failure(200, {}, "", {"code": 7}, (busy,), "x"), Unreachable)


def test_a_status_counts_where_no_rule_does_and_a_rule_before_it():
    words = ErrorRule("retry", says="too frequent", statuses=(403,), wait_s=600)
    refused = failure(403, {}, "<html>Access denied</html>", None, (words,), "x")
    assert type(refused) is Refused
    banned = failure(403, {}, "<html>access too frequent</html>", None, (words,), "x")
    assert isinstance(banned, Unreachable) and banned.retry_after_s == 600
    told = failure(429, {"Retry-After": "7"}, "", None, (words,), "x")
    assert isinstance(told, Unreachable) and told.retry_after_s == 7
    for status, error in ((451, Refused), (503, Unreachable), (302, Refused), (418, Unreachable)):
        assert type(failure(status, {}, "", None, (), "x")) is error
