-- One row per index and hour: baskets drift with their members' returns, and one basket's end is the next one's beginning.
with baskets as (
    select * from {{ ref('int_index_baskets') }}
),

chosen as (
    select index_id, chosen_at, max(drifts_to) as drifts_to, count(*) as n_members
    from baskets
    group by index_id, chosen_at
),

hours as (
    {{ timestamps_from_to('level_at', "(select min(chosen_at) from chosen)", now_at(), '1 hour') }}
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
    left join {{ ref('prices_hourly') }} as prices
        on prices.asset_id = members.asset_id
        and prices.price_at = hours.level_at
),

drifted as (
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
),

chained as (
    select
        chosen.index_id,
        chosen.chosen_at,
        chosen.n_members,
        1000e0 * coalesce(exp(sum(ln(ends.growth)) over (
            partition by chosen.index_id
            order by chosen.chosen_at
            rows between unbounded preceding and 1 preceding
        )), 1e0) as base_level,
        lag(chosen.drifts_to) over (partition by chosen.index_id order by chosen.chosen_at) as chosen_before_to
    from chosen
    left join drifted as ends
        on ends.index_id = chosen.index_id
        and ends.chosen_at = chosen.chosen_at
        and ends.level_at = chosen.drifts_to
)

select
    drifted.index_id,
    drifted.level_at,
    chained.base_level * drifted.growth as level,
    chained.n_members
from drifted
inner join chained
    on chained.index_id = drifted.index_id
    and chained.chosen_at = drifted.chosen_at
union all
-- The hour at which an index begins, or begins again after weeks with too few members.
select
    index_id,
    chosen_at as level_at,
    base_level as level,
    n_members
from chained
where chosen_before_to is null or chosen_before_to < chosen_at
