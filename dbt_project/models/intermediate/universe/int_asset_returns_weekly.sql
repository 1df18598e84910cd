{{ config(materialized='incremental', meta={'time_column': 'week_start', 'look_back_days': 7}) }}
-- One row per window and asset with hours in it: the chain of its hourly returns.
with hours as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 01:00:00'", "timestamp '1970-01-12 00:00:00'", '1 hour') }}
),

window_hours as (
    select
        windows.week_start,
        windows.window_id,
        windows.starts_at + (hours.offset_at - timestamp '1970-01-01 00:00:00') as price_at
    from {{ recent(ref('core_windows'), days=0) }} as windows
    cross join hours
    where windows.starts_at + (hours.offset_at - timestamp '1970-01-01 00:00:00') <= windows.ends_at
)

select
    window_hours.week_start,
    window_hours.window_id,
    prices.asset_id,
    -- A price without a return may be one of another unit.
    case when count(prices.reference_price_usd) <= count(prices.log_return)
        then {{ chained_return_pct('prices.log_return') }}
    end as return_pct,
    count(prices.log_return) as n_hours,
    count(prices.reference_price_usd) > count(prices.log_return) as is_unit_change_suspected
from window_hours
inner join {{ recent(ref('core_prices_hourly')) }} as prices
    on prices.price_at = window_hours.price_at
group by window_hours.week_start, window_hours.window_id, prices.asset_id
