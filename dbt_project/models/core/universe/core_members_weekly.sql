{{ config(meta={'time_column': 'week_start'}) }}
-- One row per window and eligible asset: its place at the window's start.
select
    windows.week_start,
    windows.window_id,
    universe.asset_id,
    universe.rank,
    universe.rank_bucket,
    universe.sector,
    universe.market_cap_usd
from {{ ref('core_windows') }} as windows
inner join {{ ref('core_universe') }} as universe
    on universe.valued_at = windows.starts_at
where universe.is_eligible
