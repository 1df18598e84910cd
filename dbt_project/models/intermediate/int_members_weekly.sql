-- One row per window and eligible asset: its place at the window's start and its return in the window.
select
    week_start,
    window_id,
    asset_id,
    rank,
    rank_bucket,
    sector,
    market_cap_usd,
    -- Without an hour in the window the price at its start is the last one.
    coalesce(return_pct, 0e0) as return_pct
from {{ ref('universe_weekly') }}
where is_eligible
