"""Binance's files as the market server has them: listed in pages, packed, summed, there when their time is over."""

import hashlib
import io
import re
import zipfile
from xml.etree import ElementTree

import httpx
import pytest

from simulator.archives.file_faults import FILE_FAULTS, spoiled
from tests.unit.simulator.small_market import make_market, serving

S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
METRICS = "data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-"
KLINES = "1h/BTCUSDT-1h-"


@pytest.fixture(scope="module")
def url():
    with serving(make_market()) as address:
        yield address


def listed(url: str, prefix: str, marker: str = "") -> tuple[list[str], str | None]:
    answer = httpx.get(
        f"{url}/s3-ap-northeast-1.amazonaws.com/data.binance.vision",
        params={"prefix": prefix, "marker": marker, "delimiter": "/"},
    )
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{S3}ListBucketResult" and root.findtext(f"{S3}Prefix") == prefix
    assert (root.findtext(f"{S3}IsTruncated") == "true") == (root.findtext(f"{S3}NextMarker") is not None)
    return [entry.findtext(f"{S3}Key") for entry in root.iter(f"{S3}Contents")], root.findtext(f"{S3}NextMarker")


def file(url: str, key: str) -> httpx.Response:
    return httpx.get(f"{url}/data.binance.vision/{key}")


def lines(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode().splitlines()


def test_a_list_has_every_finished_day_with_its_checksum_and_goes_on_after_a_marker(url, monkeypatch):
    keys, more = listed(url, METRICS)
    days = [re.search(r"(\d{4}-\d\d-\d\d)\.zip$", key)[1] for key in keys[::2]]
    assert (days[0], days[-1], len(days), more) == ("2025-09-01", "2025-11-22", 83, None)  # the market stands at 06:00
    assert keys[1::2] == [f"{key}.CHECKSUM" for key in keys[::2]]
    assert listed(url, METRICS, f"{METRICS}2025-11-22")[0] == keys[-2:]
    monkeypatch.setattr("simulator.archives.binance_vision.MOST_KEYS", 3)
    first, marker = listed(url, METRICS)
    assert (first, marker) == (keys[:3], keys[2])
    assert listed(url, METRICS, marker)[0] == keys[3:6]
    assert listed(url, "data/futures/um/daily/metrics/NONE/NONE-metrics-") == ([], None)
    assert listed(url, "data/option/") == ([], None)


def test_a_file_is_what_its_checksum_says_and_the_same_each_time(url):
    key = f"{METRICS}2025-11-20.zip"
    content, checksum = file(url, key).content, file(url, f"{key}.CHECKSUM").text
    assert checksum == f"{hashlib.sha256(content).hexdigest()}  BTCUSDT-metrics-2025-11-20.zip\n"
    assert file(url, key).content == content
    for missing in (f"{METRICS}2025-11-23.zip", f"{METRICS}2025-11.zip", key.replace("um", "cm"), "data/x.zip"):
        answer = file(url, missing)
        assert (answer.status_code, "NoSuchKey" in answer.text) == (404, True)


def test_spot_counts_in_microseconds_without_names_and_futures_in_milliseconds_with_them(url):
    spot = lines(file(url, f"data/spot/daily/klines/BTCUSDT/{KLINES}2025-11-20.zip").content)
    perp = lines(file(url, f"data/futures/um/monthly/klines/BTCUSDT/{KLINES}2025-10.zip").content)
    assert spot[0].split(",")[0] == "1763596800000000" and spot[0].split(",")[6] == "1763600399999999"
    assert perp[0].startswith("open_time,open,high") and len(perp) == 1 + 31 * 24
    assert perp[1].split(",")[0] == "1759276800000" and len(spot) == 24


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_a_spoiled_file_is_spoiled_as_its_fault_says(url, fault):
    content = file(url, f"data/futures/um/daily/klines/BTCUSDT/{KLINES}2025-11-20.zip").content
    whole, found = lines(content), lines(spoiled(content, fault))
    names, rows = whole[0], whole[1:]
    volumes = [row.split(",")[5] for row in found if row[:1].isdigit()]
    usual = [row.split(",")[5] for row in rows]
    expected = {
        "zeros": [*usual[:8], "0", *usual[9:12], "0", *usual[13:]],
        "blanks": [*usual[:8], "", *usual[9:12], "", *usual[13:]],
        "missing_hours": usual[:8] + usual[9:12] + usual[13:],
        "duplicates": usual[:9] + usual[8:13] + usual[12:],
        "out_of_order": usual[::-1],
    }
    if fault in expected:
        assert volumes == expected[fault] and found[0] == names
    elif fault == "replaced":
        assert [float(a) / float(b) for a, b in zip(volumes, usual, strict=True) if a != b] == [1.25, 1.25]
    elif fault == "microseconds":
        assert [row.split(",")[0] for row in found[1:]] == [f"{row.split(',')[0]}000" for row in rows]
    elif fault == "no_header":
        assert found == rows
    else:
        assert found == whole
        assert lines(spoiled(spoiled(content, "no_header"), "header")) == whole
