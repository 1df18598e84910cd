-- One row per window and asset that has a price or a supply at the window's start: who is in, where, or why not.
select
    windows.week_start,
    windows.window_id,
    universe.asset_id,
    assets.symbol,
    universe.rank,
    universe.rank_bucket,
    universe.sector,
    universe.market_cap_usd,
    universe.circulating_supply,
    universe.supply_age_days,
    coalesce(universe.supply_age_days > 45, false) as is_supply_stale,
    universe.is_eligible,
    universe.exclusion_reason,
    universe.hours_present,
    returns.return_pct
from {{ ref('int_windows') }} as windows
inner join {{ ref('int_universe') }} as universe
    on universe.moment_at = windows.starts_at
inner join {{ ref('int_assets') }} as assets
    on assets.asset_id = universe.asset_id
left join {{ ref('int_asset_returns_weekly') }} as returns
    on returns.week_start = windows.week_start
    and returns.window_id = windows.window_id
    and returns.asset_id = universe.asset_id
