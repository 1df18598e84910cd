"""The page of docs/reliability.md: every finding is in it, and its sums are theirs."""

from datetime import UTC, datetime

import pytest

from tests.pipeline import reliability


def test_findings_become_a_page(tmp_path, monkeypatch):
    findings = tmp_path / "findings.jsonl"
    monkeypatch.setenv(reliability.VARIABLE, str(findings))
    reliability.record("a reader", "1000 opens", "one version each", 0, 1000, 0, section="readers")
    reliability.record("418", "the venue | bans us", "stopped", 7, 40, 0)
    reliability.record("418", "the venue | bans us", "published with less coverage", 0, 40, 0)
    with pytest.raises(ValueError, match="no section"):
        reliability.record("x", "y", "z", 0, 0, 0, section="wishes")
    found = reliability.read(findings)
    assert [finding.fault for finding in found] == ["418", "a reader"]
    page = reliability.page(found, datetime(2025, 11, 24, 6, 5, tzinfo=UTC))
    assert "2 things tried · 0 rows lost · 0 errors in 1,040 opens" in page
    assert found[0].seen_on == f"{datetime.now(UTC):%Y-%m-%d}"
    assert f"| 418 | the venue \\| bans us | published with less coverage | 0 | 0 of 40 | {found[0].seen_on} |" in page
    assert "simulated" in page and "make reliability" in page and "2025-11-24 06:05 UTC" in page


def test_without_a_file_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.delenv(reliability.VARIABLE, raising=False)
    reliability.record("418", "the venue bans us", "published", 0, 1, 0)
    assert not list(tmp_path.iterdir())
