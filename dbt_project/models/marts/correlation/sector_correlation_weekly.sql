{{ config(materialized='incremental', meta={'time_column': 'week_start', 'look_back_days': 8}) }}
-- One row per window and ordered pair of sectors: of two, how their indices moved together; of one, how its members did.
with sectors as (
    select week_start, window_id, sector
    from {{ ref('core_members_weekly') }}
    where sector is not null
    group by week_start, window_id, sector
    having count(*) >= {{ least_sector_members() }}
),

levels as (
    select
        index_id as sector,
        level_at,
        level,
        lag(level) over (partition by index_id order by level_at) as level_before,
        lag(level_at) over (partition by index_id order by level_at) as level_before_at
    from {{ recent(ref('index_levels_hourly')) }} as levels
),

window_returns as (
    select
        windows.week_start,
        windows.window_id,
        levels.sector,
        levels.level_at,
        -- An index that stands still moves by the rounding of its level: that is correlated with nothing.
        case when abs(levels.level / levels.level_before - 1e0) < 1e-12 then 0e0 else ln(levels.level / levels.level_before) end as log_return
    from {{ ref('core_windows') }} as windows
    inner join levels
        on levels.level_at > windows.starts_at
        and levels.level_at <= windows.ends_at
        and levels.level_before_at = levels.level_at - interval '1 hour'
    inner join sectors
        on sectors.week_start = windows.week_start
        and sectors.window_id = windows.window_id
        and sectors.sector = levels.sector
),

between_sectors as (
    select
        a.week_start,
        a.window_id,
        a.sector as sector_a,
        b.sector as sector_b,
        {{ pearson(
            'count(*)', 'sum(a.log_return)', 'sum(b.log_return)',
            'sum(a.log_return * a.log_return)', 'sum(b.log_return * b.log_return)', 'sum(a.log_return * b.log_return)'
        ) }} as correlation,
        count(*) as n_observations
    from window_returns as a
    inner join window_returns as b
        on b.week_start = a.week_start
        and b.window_id = a.window_id
        and b.level_at = a.level_at
        and b.sector > a.sector
    group by a.week_start, a.window_id, a.sector, b.sector
),

inside_sectors as (
    select
        week_start,
        window_id,
        member_group as sector,
        case when n_assets >= {{ least_correlation_assets() }} then average_pairwise_correlation end as correlation,
        n_hours as n_observations
    from {{ recent(ref('int_correlation_estimates')) }} as estimates
    where group_kind = 'sector' and horizon = '7d'
),

measured as (
    select week_start, window_id, sector_a, sector_b, correlation, n_observations from between_sectors
    union all
    select week_start, window_id, sector_b as sector_a, sector_a as sector_b, correlation, n_observations from between_sectors
    union all
    select week_start, window_id, sector as sector_a, sector as sector_b, correlation, n_observations from inside_sectors
)

select
    a.week_start,
    a.window_id,
    a.sector as sector_a,
    b.sector as sector_b,
    case when measured.n_observations >= {{ least_correlation_hours() }} then measured.correlation end as correlation,
    coalesce(measured.n_observations, 0) as n_observations
from sectors as a
inner join sectors as b
    on b.week_start = a.week_start
    and b.window_id = a.window_id
left join measured
    on measured.week_start = a.week_start
    and measured.window_id = a.window_id
    and measured.sector_a = a.sector
    and measured.sector_b = b.sector
