{{ config(materialized='incremental', meta={'time_column': 'market_date', 'look_back_days': 31}) }}
-- One row per asset and day: how much its price moved in the 7 and 30 days to the day's end, annualised.
with days as (
    select
        asset_id,
        cast(date_trunc('day', price_at - interval '1 hour') as date) as market_date,
        sum(log_return * log_return) as sum_of_squares,
        count(log_return) as n_hours,
        sum(log_return) as daily_return,
        max(case when price_at = date_trunc('day', price_at) then reference_price_usd end) is not null as has_close
    from {{ recent(ref('core_prices_hourly')) }} as prices
    group by asset_id, cast(date_trunc('day', price_at - interval '1 hour') as date)
),

spans as (
    select
        asset_id,
        market_date,
        sum(sum_of_squares) over seven_days as sum_of_squares_7d,
        sum(n_hours) over seven_days as n_hours_7d,
        sum(sum_of_squares) over thirty_days as sum_of_squares_30d,
        sum(n_hours) over thirty_days as n_hours_30d,
        sum(daily_return * daily_return) over seven_days as sum_of_daily_squares_7d,
        count(daily_return) over seven_days as n_days_7d,
        sum(case when has_close then 1 else 0 end) over eight_closes as n_closes_8d
    from days
    window
        seven_days as (
            partition by asset_id order by market_date
            range between interval '6 days' preceding and current row
        ),
        eight_closes as (
            partition by asset_id order by market_date
            range between interval '7 days' preceding and current row
        ),
        thirty_days as (
            partition by asset_id order by market_date
            range between interval '29 days' preceding and current row
        )
)

select
    asset_id,
    market_date,
    case when n_hours_7d >= {{ least_share_of_hours() }} * 168
        then {{ annualised_volatility_pct('sum_of_squares_7d', 'n_hours_7d', 8760) }}
    end as rv_7d_pct,
    case when n_hours_30d >= {{ least_share_of_hours() }} * 720
        then {{ annualised_volatility_pct('sum_of_squares_30d', 'n_hours_30d', 8760) }}
    end as rv_30d_pct,
    case when n_days_7d = 7 and n_closes_8d = 8
        then {{ annualised_volatility_pct('sum_of_daily_squares_7d', 7, 365) }}
    end as rv_7d_daily_pct,
    cast(n_hours_7d as bigint) as n_observations,
    cast(n_hours_30d as bigint) as n_observations_30d
from spans
-- The open day is no market date yet.
where market_date + interval '1 day' <= {{ now_at() }}
