{{ config(materialized='incremental', meta={'time_column': 'starts_at', 'rebuilt_days_before': 31}) }}
-- One row per block of hours and asset that has a return in every hour of it: the returns in order, and their moments.
-- A window of the week that begins at the moment of this build has a horizon of 30 days to its end, which may be 3 days before
-- the week's: its blocks, and who is a member in them, are this build's to write.
with placed as (
    select
        blocks.starts_at,
        blocks.ends_at,
        cast({{ hours_between('blocks.starts_at', 'blocks.ends_at') }} as bigint) as n_hours,
        members.asset_id
    from {{ ref('int_correlation_blocks') }} as blocks
    inner join {{ ref('core_members_weekly') }} as members
        on members.week_start = blocks.week_start
        and members.window_id = blocks.window_id
    where {{ within_reach('blocks.starts_at', days=31) }}
),

blocks as (
    select distinct starts_at, ends_at, n_hours
    from placed
),

block_hours as (
    select starts_at, ends_at, n_hours, {{ each_hour("starts_at + interval '1 hour'", 'ends_at') }} as price_at
    from blocks
),

-- Bitcoin is in every block: the others are held against it.
assets as (
    select distinct starts_at, ends_at, asset_id from placed
    union
    select starts_at, ends_at, {{ bitcoin() }} as asset_id from blocks
)

select
    block_hours.starts_at,
    block_hours.ends_at,
    prices.asset_id,
    {{ list_in_order('prices.log_return', 'prices.price_at') }} as log_returns,
    sum(prices.log_return) as sum_of_returns,
    sum(prices.log_return * prices.log_return) as sum_of_squares
from block_hours
inner join {{ ref('core_prices_hourly') }} as prices
    on prices.price_at = block_hours.price_at
inner join assets
    on assets.starts_at = block_hours.starts_at
    and assets.ends_at = block_hours.ends_at
    and assets.asset_id = prices.asset_id
where prices.log_return is not null
    and {{ within_reach('prices.price_at', days=31) }}
group by block_hours.starts_at, block_hours.ends_at, block_hours.n_hours, prices.asset_id
having count(*) = block_hours.n_hours
