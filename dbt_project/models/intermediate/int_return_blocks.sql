-- One row per block of hours and asset that has a return in every hour of it: the returns in order, and their moments.
with blocks as (
    select distinct starts_at, ends_at, cast({{ hours_between('starts_at', 'ends_at') }} as bigint) as n_hours
    from {{ ref('int_correlation_blocks') }}
),

hours as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 01:00:00'", "timestamp '1970-01-02 01:00:00'", '1 hour') }}
),

block_hours as (
    select
        blocks.starts_at,
        blocks.ends_at,
        blocks.n_hours,
        blocks.starts_at + (hours.offset_at - timestamp '1970-01-01 00:00:00') as price_at
    from blocks
    cross join hours
    where blocks.starts_at + (hours.offset_at - timestamp '1970-01-01 00:00:00') <= blocks.ends_at
),

assets as (
    select distinct asset_id from {{ ref('int_members_weekly') }}
    union
    select {{ bitcoin() }} as asset_id
)

select
    block_hours.starts_at,
    block_hours.ends_at,
    prices.asset_id,
    {{ list_in_order('prices.log_return', 'prices.price_at') }} as log_returns,
    sum(prices.log_return) as sum_of_returns,
    sum(prices.log_return * prices.log_return) as sum_of_squares
from block_hours
inner join {{ ref('prices_hourly') }} as prices
    on prices.price_at = block_hours.price_at
inner join assets on assets.asset_id = prices.asset_id
where prices.log_return is not null
group by block_hours.starts_at, block_hours.ends_at, block_hours.n_hours, prices.asset_id
having count(*) = block_hours.n_hours
