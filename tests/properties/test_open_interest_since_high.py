"""Open interest since its high: what each instrument did after that day, worked out from what was observed."""

import numpy as np
import pandas as pd
import pytest

from tests.independent import open_interest as independent
from tests.properties.leveraged import DAY, ENDS, STARTS, random_leverage
from tests.properties.test_open_interest import lives_by_week_end

pytestmark = pytest.mark.xdist_group("models")

FIGURES = ["high_usd", "now_usd", *independent.EFFECTS]
MONDAYS = pd.date_range(STARTS, ENDS - 7 * DAY, freq="7D")
# Ranks that change from week to week, so that assets change their bucket.
RANKS = {
    "solana": (3, 12, 7), "chainlink": (14, 9, 60), "bonk": (51, 50, 71), "bitcoin": (1, 1, 1), "ethereum": (2, 12, 2)
}  # fmt: skip


def bucket_of(asset: str, week: int) -> str:
    if asset in ("bitcoin", "ethereum"):
        return "majors"
    rank = RANKS.get(asset, (None,) * 3)[week]
    return "long_tail" if rank is None or rank > 50 else "large" if rank <= 10 else "mid"


def built(bench, market, index: pd.Series) -> pd.DataFrame:
    """The mart, with the market's daily index and the ranks given."""
    market.windows_built(bench)
    ranks = ", ".join(
        f"(date '{monday.date()}', '{asset}', {ranks[week]})"
        for week, monday in enumerate(MONDAYS)
        for asset, ranks in RANKS.items()
    )
    bench.place(
        "core_members_weekly",
        "select ranked.week_start, window_id, asset_id, rank from core.core_windows"
        f" inner join (values {ranks}) as ranked(week_start, asset_id, rank) using (week_start)",
    )
    bench.place("open_interest_market_daily", index.rename_axis("market_date").reset_index())
    bench.build("open_interest_change_weekly", "open_interest_since_high_weekly")
    return bench.rows("select * from marts.open_interest_since_high_weekly")


@pytest.mark.parametrize("seed", range(30, 36))
def test_each_bucket_since_the_high_is_what_its_instruments_did(bench, seed):
    market, random = random_leverage(seed), np.random.default_rng(seed)
    days = pd.date_range(STARTS, ENDS - DAY, freq="D")
    index = pd.DataFrame({"like_for_like_index": random.uniform(1, 2, len(days)), "chain_id": 1}, index=days)
    found = built(bench, market, index).set_index(["week_start", "oi_bucket"])
    assert set(found.index.get_level_values(0)) == set(MONDAYS)
    facts = market.instruments.set_index(["venue", "venue_symbol"])
    for now, monday in enumerate(MONDAYS):
        high = index["like_for_like_index"][: monday + 6 * DAY].idxmax()
        assert (found.loc[monday, "high_date"] == high).all()
        expected: dict[str, dict[str, float]] = {}
        for week, start in enumerate(MONDAYS[: now + 1]):
            begin, end = max(start, high + DAY), start + 7 * DAY
            if begin >= end:
                continue
            lives = lives_by_week_end(market, end, [*pd.date_range(start, end, freq="24h")[1:]])
            for name, rows in market.observed.groupby(["venue", "venue_symbol"]):
                fact = facts.loc[name]
                per_coin = rows.assign(open_interest_base=rows["open_interest_base"] * fact["multiplier"])
                reference = market.prices.get(fact["asset_id"], pd.Series(dtype=float))
                life = tuple(lives.loc[name]) if name in lives.index else None
                effects = independent.change(per_coin, life, reference, begin, end, is_inverse=fact["is_inverse"])
                for bucket in (bucket_of(fact["asset_id"], week), "all"):
                    total = expected.setdefault(bucket, dict.fromkeys(FIGURES, 0.0))
                    total["high_usd"] += effects["start_usd"] if begin == high + DAY else 0.0
                    total["now_usd"] += effects["end_usd"] if week == now else 0.0
                    for effect in independent.EFFECTS:
                        total[effect] += effects[effect]
        if high == monday + 6 * DAY:
            assert (found.loc[monday, "high_usd"] == found.loc[monday, "now_usd"]).all()
            assert (found.loc[monday, list(independent.EFFECTS)] == 0).all(axis=None)
            continue
        for bucket, figures in expected.items():
            row = found.loc[(monday, bucket)]
            scale = row["high_usd"] + row["now_usd"] + 1.0
            for figure, value in figures.items():
                assert row[figure] == pytest.approx(value, rel=1e-6, abs=1e-9 * scale), (monday, bucket, figure)
    # What one bucket lost as ranks changed the others won.
    moved = found["rebucketing_usd"].drop("all", level="oi_bucket")
    assert found.loc[(slice(None), "all"), "rebucketing_usd"].abs().max() <= 1e-9 * found["now_usd"].max()
    assert moved.groupby(level="week_start").sum().abs().max() <= 1e-9 * found["now_usd"].max()


def test_a_high_before_the_chain_broke_or_a_year_ago_does_not_compare(bench):
    days = pd.date_range(STARTS - 400 * DAY, ENDS - DAY, freq="D")
    index = pd.DataFrame({"like_for_like_index": 1.0, "chain_id": 2}, index=days)
    last = ENDS - DAY
    index.loc[last - 365 * DAY, "like_for_like_index"] = 9.0
    index.loc[last - 2 * DAY, "like_for_like_index"] = 2.0
    found = built(bench, random_leverage(40), index)
    assert set(found[found["week_start"] == MONDAYS[-1]]["high_date"]) == {last - 2 * DAY}
    index.loc[: last - 2 * DAY, "chain_id"] = 1
    found = built(bench, random_leverage(40), index)
    assert set(found[found["week_start"] == MONDAYS[-1]]["high_date"]) == {last}
