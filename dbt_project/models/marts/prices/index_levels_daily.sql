-- One row per index and day: the level at the day's end.
with days as (
    select
        index_id,
        cast(level_at - interval '1 day' as date) as market_date,
        level,
        n_members
    from {{ ref('index_levels_hourly') }}
    where level_at = date_trunc('day', level_at)
)

select
    days.index_id,
    days.market_date,
    days.level,
    {{ simple_return_pct('before.level', 'days.level') }} as return_1d_pct,
    days.n_members
from days
left join days as before
    on before.index_id = days.index_id
    and before.market_date = cast(days.market_date - interval '1 day' as date)
