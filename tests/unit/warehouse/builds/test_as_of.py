"""Moments by name."""

from datetime import UTC, datetime

import pytest

from warehouse.builds import as_of
from warehouse.builds.as_of import AsOfError, moment
from warehouse.publishing.history import History, Published

NOW = datetime(2025, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2025-11-24", datetime(2025, 11, 24, tzinfo=UTC)),
        ("2025-11-24T07:00", datetime(2025, 11, 24, 7, tzinfo=UTC)),
        (" 2025-11-24 07:00:01.5 ", datetime(2025, 11, 24, 7, 0, 1, 500000, tzinfo=UTC)),
        ("2025-11-24T07:00:00+09:00", datetime(2025, 11, 23, 22, tzinfo=UTC)),
        ("2025-11-24T07:00Z", datetime(2025, 11, 24, 7, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_utc(home, text, expected):
    assert moment(text, home, now=NOW) == expected


@pytest.mark.parametrize(
    "text, words",
    [
        ("2025-12-01T12:00:01", "lies in the future"),
        ("last week", "is no moment"),
        ("publication:x", "is no moment"),
        ("publication:3", "nothing is published yet"),
        ("0001-01-01T00:00+14:00", "outside of time"),
        ("\x1b[2J", "is no moment"),
    ],
)
def test_what_is_no_moment_is_refused_in_one_line(home, text, words):
    with pytest.raises(AsOfError, match=words) as refused:
        moment(text, home, now=NOW)
    assert str(refused.value).isprintable()


def test_a_publication_is_a_moment(home, monkeypatch):
    at = datetime(2025, 11, 24, 6, 0, 5)
    row = Published(2, at, at, "simulated", True, at.date(), at.date(), "1", "x")
    monkeypatch.setattr(as_of, "history", lambda home: History((row,)))
    assert moment("publication:2", home, now=NOW) == at.replace(tzinfo=UTC)
    with pytest.raises(AsOfError, match="no publication 3; choose from publication:2"):
        moment("publication:3", home, now=NOW)
