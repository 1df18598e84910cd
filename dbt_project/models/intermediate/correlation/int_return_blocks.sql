{{ config(materialized='incremental', meta={'time_column': 'starts_at', 'look_back_days': 35, 'rebuilt_days_before': 31}) }}
-- One row per block of hours and asset that has a return in every hour of it: the returns in order, and their moments.
-- A window of the week that begins at the moment of this build has a horizon of 30 days to its end, which may be 3 days before
-- the week's: its blocks, which daylight saving may have moved by an hour, are this build's to write.
with blocks as (
    select distinct
        starts_at,
        ends_at,
        cast({{ hours_between('starts_at', 'ends_at') }} as bigint) as n_hours
    from {{ recent(ref('int_correlation_blocks')) }} as blocks
),

prices as (
    select asset_id, price_at, log_return
    from {{ recent(ref('core_prices_hourly')) }} as prices
    where log_return is not null
),

block_hours as (
    select starts_at, ends_at, n_hours, {{ each_hour("starts_at + interval '1 hour'", 'ends_at') }} as price_at
    from blocks
)

select
    block_hours.starts_at,
    block_hours.ends_at,
    prices.asset_id,
    {{ list_in_order('prices.log_return', 'prices.price_at') }} as log_returns,
    sum(prices.log_return) as sum_of_returns,
    sum(prices.log_return * prices.log_return) as sum_of_squares
from block_hours
inner join prices on prices.price_at = block_hours.price_at
group by block_hours.starts_at, block_hours.ends_at, block_hours.n_hours, prices.asset_id
having count(*) = block_hours.n_hours
