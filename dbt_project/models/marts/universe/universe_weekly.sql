-- One row per window and asset that has a price or a supply at the window's start: who is in, where, or why not.
with named as (
    select asset_id, symbol, 0 as precedence from {{ ref('assets') }}
    union all
    select asset_id, symbol, 1 as precedence from {{ ref('core_provider_assets') }}
    union all
    select asset_id, upper({{ base_without_multiplier('base') }}) as symbol, 2 as precedence from {{ ref('core_instruments') }}
),

-- The ticker that an asset is shown under: the seed's, a provider's, or how venues write it.
tickers as (
    select
        asset_id,
        coalesce(
            min(symbol) filter (where precedence = 0),
            min(symbol) filter (where precedence = 1),
            min(symbol) filter (where precedence = 2),
            asset_id
        ) as symbol
    from named
    group by asset_id
)

select
    windows.week_start,
    windows.window_id,
    universe.asset_id,
    tickers.symbol,
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
    returns.return_pct,
    case when returns.is_unit_change_suspected then 'unit_change_suspected' end as return_missing_reason
from {{ ref('core_windows') }} as windows
inner join {{ ref('core_universe') }} as universe
    on universe.valued_at = windows.starts_at
inner join tickers
    on tickers.asset_id = universe.asset_id
left join {{ ref('int_asset_returns_weekly') }} as returns
    on returns.week_start = windows.week_start
    and returns.window_id = windows.window_id
    and returns.asset_id = universe.asset_id
