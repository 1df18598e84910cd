{{ config(materialized='incremental', meta={'time_column': 'level_at'}) }}
-- One row per index, choice of members and hour in which they drift: what one dollar in the basket has become.
-- A basket that still drifts in the rewritten hours is followed from when it was chosen, however long ago.
with baskets as (
    select * from {{ recent(ref('int_index_baskets')) }} as drifting
),

hours as (
    {{ timestamps_from_to('level_at', "(select min(chosen_at) from baskets)", now_at(), '1 hour') }}
),

-- Every asset's path since each time that baskets were chosen; what has no price keeps its last one.
members as (
    select distinct chosen_at, drifts_to, asset_id from baskets
),

paths as (
    select
        members.chosen_at,
        members.drifts_to,
        members.asset_id,
        hours.level_at,
        exp(sum(coalesce(prices.log_return, 0e0)) over (
            partition by members.chosen_at, members.drifts_to, members.asset_id
            order by hours.level_at
        )) as growth
    from members
    inner join hours
        on hours.level_at > members.chosen_at
        and hours.level_at <= members.drifts_to
    left join {{ ref('core_prices_hourly') }} as prices
        on prices.asset_id = members.asset_id
        and prices.price_at = hours.level_at
        and prices.price_at > (select min(chosen_at) from baskets)
)

select
    baskets.index_id,
    baskets.chosen_at,
    paths.level_at,
    sum(baskets.weight * paths.growth) as growth
from baskets
inner join paths
    on paths.chosen_at = baskets.chosen_at
    and paths.drifts_to = baskets.drifts_to
    and paths.asset_id = baskets.asset_id
group by baskets.index_id, baskets.chosen_at, paths.level_at
