import json
import os

import pytest

from tests.unit.warehouse.batches import START, candles, negative_closes_stop, no_guard
from warehouse.contracts import CANDLES
from warehouse.landing import Landing, LandingError, Request, manifests, read_manifest, verify

ASKED = Request("candles", "binance", "perp", "BTCUSDT", START, START, 3, "complete")


def test_a_batch_lands_whole_with_what_was_asked_and_what_was_judged(home):
    landed = Landing(home).land(CANDLES, "binance", candles([1.0, -2.0, 3.0]), [ASKED], negative_closes_stop)
    assert landed.rows == 3
    assert [v.row for v in landed.verdicts] == [1]
    assert landed.requests[0]["series"] == "BTCUSDT"
    assert list(manifests(home)) == [landed.path]
    verify(landed)


def test_rows_without_a_manifest_have_not_landed(home):
    def dies(dataset, frame):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Landing(home).land(CANDLES, "binance", candles([1.0]), [ASKED], dies)
    assert list(home.landing.rglob("*.parquet"))
    assert list(manifests(home)) == []


def test_an_answer_without_rows_still_says_what_was_asked(home):
    landed = Landing(home).land(CANDLES, "binance", candles([]), [ASKED], no_guard)
    assert landed.parquet is None
    assert landed.requests


def test_a_changed_file_is_noticed(home):
    landed = Landing(home).land(CANDLES, "binance", candles([1.0]), [ASKED], no_guard)
    os.chmod(landed.parquet, 0o644)
    landed.parquet.write_bytes(landed.parquet.read_bytes() + b"x")
    with pytest.raises(LandingError, match="changed after it landed"):
        verify(landed)
    landed.parquet.unlink()
    with pytest.raises(LandingError, match="missing"):
        verify(landed)


def test_a_damaged_manifest_is_named(home):
    landed = Landing(home).land(CANDLES, "binance", candles([1.0]), [ASKED], no_guard)
    landed.path.write_text(json.dumps({"dataset": "candles"}))
    with pytest.raises(LandingError, match="damaged"):
        read_manifest(landed.path)


def test_no_origin_reaches_out_of_landing(home):
    landed = Landing(home).land(CANDLES, "../../etc", candles([1.0]), [ASKED], no_guard)
    assert home.landing in landed.path.resolve().parents
